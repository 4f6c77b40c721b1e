// Method calls: one that reads its receiver and one that changes it.
class Account {
  constructor() {
    this.balance = 0;
    this.moves = 0;
  }
  fee(amount) { return amount % 7 + this.moves % 3; }
  deposit(amount) {
    this.balance += amount;
    this.moves += 1;
    return this;
  }
}

function run(n) {
  let account = new Account();
  for (let i = 0; i < n; i++) {
    const fee = account.fee(i);
    account = account.deposit(i % 100 - fee);
  }
  console.log(`${account.balance} ${account.moves}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 5000000));
