-- Method calls: one that reads its receiver and one that changes it.
local Account = {}
Account.__index = Account

function Account.new() return setmetatable({ balance = 0, moves = 0 }, Account) end
function Account:fee(amount) return amount % 7 + self.moves % 3 end
function Account:deposit(amount)
  self.balance = self.balance + amount
  self.moves = self.moves + 1
  return self
end

local function run(n)
  local account = Account.new()
  for i = 0, n - 1 do
    local fee = account:fee(i)
    account = account:deposit(i % 100 - fee)
  end
  print(account.balance .. " " .. account.moves)
end
run(tonumber((...)) or 5000000)
