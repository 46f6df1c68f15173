package main

// The engine protocol of marginspec, version 1: the loop that hands each request to an engine.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

// Object is an object of JSON; amounts in it are texts, whole numbers are json.Number.
type Object = map[string]any

// Engine answers requests; Unsupported is the answer to what it does not have.
type Engine interface {
	Hello() Object
	Configure(header Object) Object
	// Reset begins anew; state is nil for an exchange without anything.
	Reset(state Object) Object
	// Step answers one event; want says how much a result tells.
	Step(event Object, want string) Object
	State() Object
	Calc(question Object) Object
}

func Ok() Object { return Object{"answer": "ok"} }

func Rejected(reason string) Object { return Object{"answer": "rejected", "reason": reason} }

func Unsupported(capability string) Object {
	return Object{"answer": "unsupported", "capability": capability}
}

// Serve answers requests until `stop`. What the engine prints goes to standard error: only answers may stand on the
// other.
func Serve(engine Engine) {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	os.Stdout = os.Stderr
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		var request Object
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&request); err != nil {
			fmt.Fprintln(os.Stderr, "no JSON:", err)
			os.Exit(1)
		}
		answered := answerTo(engine, request)
		answered["id"] = request["id"]
		text, err := json.Marshal(answered)
		if err != nil {
			fmt.Fprintln(os.Stderr, "no answer:", err)
			os.Exit(1)
		}
		output.Write(append(text, '\n'))
		output.Flush()
		if request["do"] == "stop" {
			return
		}
	}
}

func answerTo(engine Engine, request Object) (answered Object) {
	defer func() {
		if failure := recover(); failure != nil {
			debug.PrintStack()
			answered = Object{"answer": "errored", "message": fmt.Sprint(failure)}
		}
	}()
	want, _ := request["want"].(string)
	switch request["do"] {
	case "hello":
		return engine.Hello()
	case "configure":
		return engine.Configure(request["header"].(Object))
	case "reset":
		state, _ := request["state"].(Object)
		return engine.Reset(state)
	case "step":
		return engine.Step(request["event"].(Object), want)
	case "batch":
		answers := []Object{}
		for _, event := range request["events"].([]any) {
			answers = append(answers, answerTo(engine, Object{"do": "step", "event": event, "want": want}))
		}
		return Object{"answer": "batch", "answers": answers}
	case "state":
		return engine.State()
	case "calc":
		return engine.Calc(request["question"].(Object))
	case "stop":
		return Ok()
	}
	return Unsupported(fmt.Sprint(request["do"]))
}
