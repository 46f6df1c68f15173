package main

// A bank by means of the kit: it keeps wallets, and calls a mark a liquidation.

type Adapter struct {
	Defaults
	cash     map[string]int64
	leverage int64
	books    *Books
}

func main() { Serve(&Adapter{}) }

func (bank *Adapter) Hello() Object {
	return LeavingOut(About("bank", "1", 4, "batch"), "ADL-02", "ADL-06")
}

func (bank *Adapter) Start() {
	bank.cash, bank.leverage, bank.books = map[string]int64{}, 0, NewBooks()
}

func (bank *Adapter) Step(event Event, want string) Object {
	liquidated, quantities, decimals := []string{}, Figures{}, DecimalsOf(bank.Header, "USD")
	wallet, held := "wallet:"+event.Account+":"+event.Asset, Position("alice", event.Market, "BOTH")
	switch event.Type {
	case "list_market":
		bank.leverage = DefaultLeverage(event.Tiers)
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
	default:
		return Unsupported(event.Type)
	}
	ledger := Figures{}
	for name, money := range bank.cash {
		ledger[name] = Decimal(money, decimals)
	}
	return Accepted(Object{"liquidated": liquidated, "changes": bank.books.Changes(event, ledger, quantities, nil)})
}
