package main

// Between marginspec and your engine. Build with `go build -o adapter .`, run with `./adapter`.
// Fill in one type of event after another. Amounts are texts: Units makes whole numbers of them.

type Adapter struct{ Defaults }

func main() { Serve(&Adapter{}) }

// Hello says what the engine is. What is left out is not asked; leave out less as your engine has more.
func (adapter *Adapter) Hello() Object {
	return LeavingOut(About("my engine", "0.1", 2, "batch"), "input_checks", "several_assets")
}

// Start makes an exchange without markets, accounts and money.
func (adapter *Adapter) Start() {}

// Step answers Accepted(Object{"liquidated": []string{"alice:USDT"}}) or Rejected("UNKNOWN_MARKET").
func (adapter *Adapter) Step(event Event, want string) Object {
	switch event.Type {
	default:
		return Unsupported(event.Type)
	}
}
