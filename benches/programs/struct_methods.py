# Method calls: one that reads its receiver and one that changes it.
import sys


class Account:
    __slots__ = ("balance", "moves")

    def __init__(self):
        self.balance = 0
        self.moves = 0

    def fee(self, amount):
        return amount % 7 + self.moves % 3

    def deposit(self, amount):
        self.balance += amount
        self.moves += 1
        return self


def run(n):
    account = Account()
    for i in range(n):
        fee = account.fee(i)
        account = account.deposit(i % 100 - fee)
    print(account.balance, account.moves)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 5000000)
