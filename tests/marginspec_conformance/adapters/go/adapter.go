package main

// Between marginspec and your engine. Build with `go build -o adapter .`, run with `./adapter`.
// Fill in one type of event after another. Amounts are texts: Units makes whole numbers of them.

type Adapter struct{ Defaults }

func main() { Serve(&Adapter{}) }

func (adapter *Adapter) Hello() Object { return About("my engine", "0.1", 2, "batch") }

// Start makes an exchange without markets, accounts and money.
func (adapter *Adapter) Start() {}

// Step answers Accepted(Object{"liquidated": []string{"alice:USDT"}}) or Rejected("UNKNOWN_MARKET").
func (adapter *Adapter) Step(event Event, want string) Object {
	switch event.Type {
	default:
		return Unsupported(event.Type)
	}
}
