package main

// A bank by means of the kit: it keeps wallets, and calls a mark a liquidation.

type Adapter struct {
	Defaults
	cash     map[string]int64
	leverage int64
	books    *Books
	numbers  *Numbers
	rows     []Bracket
}

func main() { Serve(&Adapter{}) }

func (bank *Adapter) Hello() Object {
	return LeavingOut(About("bank", "1", 4, "batch"), "ADL-02", "ADL-06")
}

func (bank *Adapter) Start() {
	bank.cash, bank.leverage, bank.books, bank.numbers = map[string]int64{}, 0, NewBooks(), NewNumbers()
}

func (bank *Adapter) Save() any {
	saved := map[string]int64{}
	for name, money := range bank.cash {
		saved[name] = money
	}
	return saved
}

func (bank *Adapter) Restore(saved any) { bank.cash = saved.(map[string]int64) }

func (bank *Adapter) Step(event Event, want string) Object {
	var liquidated []string
	quantities, decimals := Figures{}, DecimalsOf(bank.Header, "USD")
	wallet, held := "wallet:"+event.Account+":"+event.Asset, Position("alice", event.Market, "BOTH")
	switch event.Type {
	case "list_market":
		bank.leverage, bank.rows = DefaultLeverage(event.Tiers), event.Brackets()
	case "deposit":
		bank.cash[wallet] += Units(event.Amount, decimals)
	case "withdraw":
		if bank.cash[wallet] < Units(event.Amount, decimals) {
			return Rejected("INSUFFICIENT_BALANCE")
		}
		bank.cash[wallet] -= Units(event.Amount, decimals)
	case "mark_price":
		liquidated = InOrder([]string{Domain(held, "USD"), "alice:USD", "alice:A.B:BOTH:EUR", "alice:A:BOTH:EUR", "al:USD"})
		quantities[held] = Decimal(-bank.leverage, 1)
	case "trade":
		taker, maker := event.Parties()
		bank.cash["wallet:"+taker+":USD"] += event.Money(event.Price)
		if event.Price == "13" {
			return Rejected("")
		}
		quantity := bank.rows[len(bank.rows)-1].Deduction + int64(bank.numbers.Of(maker))
		quantities[Position(taker, event.Market, "BOTH")] = Decimal(quantity, event.Listing.QuantityDecimals)
		liquidated = []string{Domain(bank.numbers.Name(1), "USD")}
	default:
		return Unsupported(event.Type)
	}
	ledger := Figures{}
	for name, money := range bank.cash {
		ledger[name] = Decimal(money, decimals)
	}
	return Accepted(Object{"liquidated": liquidated, "changes": bank.books.Changes(event, ledger, quantities, nil)})
}
