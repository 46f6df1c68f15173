package main

// Between marginspec and your engine. Build with `go build -o adapter .`, run with `./adapter`.
// Fill in one type of event after another. Amounts are texts: make whole numbers of them, never float64.

type Adapter struct{}

func main() { Serve(&Adapter{}) }

func (adapter *Adapter) Hello() Object {
	return Object{
		"answer": "hello", "protocol": 1, "name": "my engine", "version": "0.1", "language": "Go",
		"rulebook": "2", "level": 2, "capabilities": []string{"batch"},
	}
}

func (adapter *Adapter) Configure(header Object) Object { return Ok() }

func (adapter *Adapter) Reset(state Object) Object {
	if state != nil {
		return Unsupported("reset_state")
	}
	// Make an exchange without markets, accounts and money.
	return Ok()
}

// Step answers Object{"answer": "result", "liquidated": []string{}, "deleveraged": []string{}, "levied": []string{}}
// or Rejected("UNKNOWN_MARKET").
func (adapter *Adapter) Step(event Object, want string) Object {
	switch event["type"] {
	default:
		return Unsupported(event["type"].(string))
	}
}

func (adapter *Adapter) State() Object { return Unsupported("state") }

func (adapter *Adapter) Calc(question Object) Object { return Unsupported("calc") }
