package main

// The engine protocol of marginspec, version 1: the loop that hands each request to an engine, and what adapters need.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"runtime/debug"
	"sort"
	"strings"
)

// Object is an object of JSON; amounts in it are texts, whole numbers are json.Number.
type Object = map[string]any

// Tier is a row of a market's table.
type Tier struct {
	Floor           string `json:"floor"`
	MaxLeverage     int64  `json:"max_leverage"`
	MaintenanceRate string `json:"maintenance_rate"`
}

// Event has the fields of all events; amounts are texts, and what an event does not have is empty.
type Event struct {
	Type, Market, Asset, Account, Buyer, Seller, Taker, Counterparty, Side, Order, Mode string
	Amount, Price, Quantity, Rate, Tick                                                 string
	Leverage                                                                            int64
	Tiers                                                                               []Tier
	PriceDecimals                                                                       int    `json:"price_decimals"`
	QuantityDecimals                                                                    int    `json:"quantity_decimals"`
	TakerFee                                                                            string `json:"taker_fee"`
	MakerFee                                                                            string `json:"maker_fee"`
	InsuranceFeeShare                                                                   string `json:"insurance_fee_share"`
	ClearanceFee                                                                        string `json:"clearance_fee"`
	PriceBand                                                                           string `json:"price_band"`
	FillBand                                                                            string `json:"fill_band"`
	FundingCap                                                                          string `json:"funding_cap"`
	PositionLimit                                                                       string `json:"position_limit"`
	PositionSide                                                                        string `json:"position_side"`
	BuyerSide                                                                           string `json:"buyer_side"`
	SellerSide                                                                          string `json:"seller_side"`
	CounterpartySide                                                                    string `json:"counterparty_side"`
	BuyerOrder                                                                          string `json:"buyer_order"`
	SellerOrder                                                                         string `json:"seller_order"`
	BuyerFee                                                                            string `json:"buyer_fee"`
	SellerFee                                                                           string `json:"seller_fee"`
	CounterpartyFee                                                                     string `json:"counterparty_fee"`
	ReduceOnly                                                                          bool   `json:"reduce_only"`

	Listing  *Event `json:"-"` // the listing of the event's market
	decimals int    // of its asset, or of its market's
}

// Money is an amount counted in quanta of the event's asset, or of its market's; a panic of Lacking if it is finer.
func (event Event) Money(text string) int64 { return Units(text, event.decimals) }

// Parties are the taker and the maker of a trade.
func (event Event) Parties() (taker, maker string) {
	if event.Taker == "buyer" {
		return event.Buyer, event.Seller
	}
	return event.Seller, event.Buyer
}

// Bracket is a row of a market's table as venues have it; all but Rate, which is in 10^-8, counts quanta.
type Bracket struct{ Floor, Ceiling, Rate, Deduction, MaxLeverage int64 }

// Brackets are the rows of a listing or of new tiers (MKT-02), the ceiling of the last the most that int64 holds; a
// panic of Lacking if a deduction is no whole number of quanta.
func (event Event) Brackets() (rows []Bracket) {
	deduction, one, rate := new(big.Int), big.NewInt(100_000_000), int64(0)
	for at, tier := range event.Tiers {
		floor, before := event.Money(tier.Floor), rate
		rate = Units(tier.MaintenanceRate, 8)
		deduction.Add(deduction, new(big.Int).Mul(big.NewInt(floor), big.NewInt(rate-before)))
		whole, rest := new(big.Int).QuoRem(deduction, one, new(big.Int))
		if rest.Sign() != 0 || !whole.IsInt64() {
			panic(Lacking("finer deductions"))
		}
		if at > 0 {
			rows[at-1].Ceiling = floor
		}
		rows = append(rows, Bracket{floor, math.MaxInt64, rate, whole.Int64(), tier.MaxLeverage})
	}
	return rows
}

// Engine answers requests. Embed Defaults, which has all of it but Hello, Start and Step.
type Engine interface {
	Hello() Object
	Configure(header Object) Object
	// Start makes an exchange without markets, accounts and money.
	Start()
	// Reset begins from a state.
	Reset(state Object) Object
	// Step answers one event; want says how much a result tells.
	Step(event Event, want string) Object
	// Save gives what Restore needs to bring the exchange back where it is, by copy; asked for before each event.
	Save() any
	// Restore brings the exchange back to where it was saved; called after each event that is not accepted.
	Restore(saved any)
	State() Object
	Calc(question Object) Object
}

// Defaults has the header that was configured, and answers Unsupported to what an engine does not have of its own.
type Defaults struct{ Header Object }

func (defaults *Defaults) Configure(header Object) Object {
	defaults.Header = header
	return Ok()
}
func (*Defaults) Save() any                   { return nil }
func (*Defaults) Restore(saved any)           {}
func (*Defaults) Reset(state Object) Object   { return Unsupported("reset_state") }
func (*Defaults) State() Object               { return Unsupported("state") }
func (*Defaults) Calc(question Object) Object { return Unsupported("calc") }

// Lacking is what the engine has nothing for; as a panic anywhere, it is the answer.
type Lacking string

// About is what an engine says of itself.
func About(name, version string, level int, capabilities ...string) Object {
	return Object{"answer": "hello", "protocol": 1, "name": name, "version": version, "language": "Go",
		"rulebook": "2", "level": level, "capabilities": capabilities}
}

// LeavingOut is the same, with the clauses that the engine does not follow.
func LeavingOut(hello Object, clauses ...string) Object {
	hello["left_out"] = clauses
	return hello
}

func Ok() Object { return Object{"answer": "ok"} }

// Accepted says that nobody was liquidated, deleveraged or levied but whom the fields name, which may be nil.
func Accepted(fields Object) Object {
	made := Object{"answer": "result", "liquidated": []string{}, "deleveraged": []string{}, "levied": []string{}}
	for name, value := range fields {
		if names, given := value.([]string); !given || names != nil {
			made[name] = value
		}
	}
	return made
}

// Rejected refuses an event for one of the rulebook's reasons; an unknown one is never the right one.
func Rejected(reason string) Object {
	if reason == "" {
		reason = "NO_REASON_OF_THE_RULEBOOK"
	}
	return Object{"answer": "rejected", "reason": reason}
}

func Unsupported(capability string) Object {
	return Object{"answer": "unsupported", "capability": capability}
}

// Units is a decimal text counted in 10^-decimals; a panic of Lacking if it is finer, or beyond int64.
func Units(text string, decimals int) int64 {
	counted := wideUnits(text, decimals)
	if !counted.IsInt64() {
		panic(Lacking("big numbers"))
	}
	return counted.Int64()
}

func wideUnits(text string, decimals int) *big.Int {
	whole, part, _ := strings.Cut(text, ".")
	part += strings.Repeat("0", decimals)
	if strings.Trim(part[decimals:], "0") != "" {
		panic(Lacking("finer amounts"))
	}
	counted, isNumber := new(big.Int).SetString(whole+part[:decimals], 10)
	if !isNumber {
		panic(Lacking("an amount that is not stated"))
	}
	return counted
}

// Decimal is what is counted in 10^-decimals as a decimal text, in its shortest form.
func Decimal(counted int64, decimals int) string { return wideDecimal(big.NewInt(counted), decimals) }

func wideDecimal(counted *big.Int, decimals int) string {
	sign, digits := "", counted.String()
	if counted.Sign() < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	place := len(digits) - decimals
	return Shortest(sign + digits[:place] + "." + digits[place:])
}

// Shortest is a decimal text in its shortest form: `1.5` for `1.50`, `0` for `-0.0`.
func Shortest(text string) string {
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}

// DecimalsOf gives the decimals of an asset: those that the header says, else eight.
func DecimalsOf(header Object, asset string) int {
	if given, found := header["assets"].(Object)[asset].(Object); found {
		decimals, _ := given["decimals"].(json.Number).Int64()
		return int(decimals)
	}
	return 8
}

// DefaultLeverage is that of an account that set none: 20, or the first tier's maximum if that is less.
func DefaultLeverage(tiers []Tier) int64 {
	if tiers[0].MaxLeverage < 20 {
		return tiers[0].MaxLeverage
	}
	return 20
}

// Position names a position; its side is BOTH in one-way mode.
func Position(account, market, side string) string { return account + ":" + market + ":" + side }

// Domain names a margin domain: of an account if it is cross, of a position if it is isolated.
func Domain(owner, asset string) string { return owner + ":" + asset }

// InOrder sorts margin domains as they are liquidated: by account, asset, market and side, cross first.
func InOrder(domains []string) []string {
	key := func(name string) string {
		parts := strings.Split(name, ":")
		return strings.Join(append([]string{parts[0], parts[len(parts)-1]}, parts[1:len(parts)-1]...), "\x00")
	}
	sort.Slice(domains, func(one, other int) bool { return key(domains[one]) < key(domains[other]) })
	return domains
}

// Numbers has names as whole numbers from 1 on, for engines that name nothing.
type Numbers struct {
	numbers map[string]int
	names   []string
}

func NewNumbers() *Numbers { return &Numbers{numbers: map[string]int{}} }

// Of gives the number of a name, a new one if it has none.
func (given *Numbers) Of(name string) int {
	if given.numbers[name] == 0 {
		given.names = append(given.names, name)
		given.numbers[name] = len(given.names)
	}
	return given.numbers[name]
}

// Name gives the name that has a number.
func (given *Numbers) Name(number int) string { return given.names[number-1] }

// Figures are balances, quantities or claims, by name.
type Figures = map[string]string

// Books has an engine's balances from event to event, and the money that came from outside; made by NewBooks.
type Books struct {
	outside map[string]*big.Int // in 10^-8 of each asset, which int64 does not hold of all amounts
	before  map[string]Figures
}

func NewBooks() *Books { return &Books{map[string]*big.Int{}, map[string]Figures{}} }

var outside = map[string]int64{"deposit": -1, "fund_insurance": -1, "withdraw": 1, "withdraw_house": 1}

// Changes is what an accepted event changed; all balances after it are given, but for `external`. Claims may be nil.
func (books *Books) Changes(event Event, ledger, positions, claims Figures) Object {
	if way := outside[event.Type]; way != 0 {
		if books.outside[event.Asset] == nil {
			books.outside[event.Asset] = new(big.Int)
		}
		moved := new(big.Int).Mul(big.NewInt(way), wideUnits(event.Amount, 8))
		books.outside[event.Asset].Add(books.outside[event.Asset], moved)
	}
	for asset, counted := range books.outside {
		ledger["external:"+asset] = wideDecimal(counted, 8)
	}
	changed := Object{}
	for kind, given := range map[string]Figures{"ledger": ledger, "positions": positions, "claims": claims} {
		before, after, differing := books.before[kind], Figures{}, Figures{}
		for name, text := range given {
			after[name] = Shortest(text)
			if was, known := before[name]; after[name] != was && (known || after[name] != "0") {
				differing[name] = after[name]
			}
		}
		for name, was := range before {
			if _, known := after[name]; !known && was != "0" {
				differing[name] = "0"
			}
		}
		books.before[kind], changed[kind] = after, differing
	}
	return changed
}

// conversation is what the loop keeps of an exchange: its header, and the markets that were listed.
type conversation struct {
	engine Engine
	header Object
	listed map[string]*Event
}

// Serve answers requests until `stop`. What the engine prints goes to standard error: only answers may stand on the
// other.
func Serve(engine Engine) {
	talk := &conversation{engine: engine}
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
		answered := talk.answerTo(request)
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

// eventOf is an event with its market's listing, and what amounts of its asset are counted in.
func (talk *conversation) eventOf(object any) (event Event) {
	text, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(text, &event)
	}
	if err != nil {
		panic(err)
	}
	event.Listing = &Event{PriceDecimals: 8, QuantityDecimals: 8}
	if listing := talk.listed[event.Market]; listing != nil {
		event.Listing = listing
	}
	asset := event.Asset
	if asset == "" {
		asset = event.Listing.Asset
	}
	event.decimals = DecimalsOf(talk.header, asset)
	return event
}

// step has an engine take an event; what is not accepted changes nothing.
func (talk *conversation) step(event Event, want string) (answered Object) {
	saved := talk.engine.Save()
	defer func() {
		if answered["answer"] != "result" {
			talk.engine.Restore(saved)
		} else if event.Type == "list_market" {
			talk.listed[event.Market] = &event
		}
	}()
	return talk.engine.Step(event, want)
}

func (talk *conversation) answerTo(request Object) (answered Object) {
	engine := talk.engine
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case Lacking:
			answered = Unsupported(string(failure))
		default:
			debug.PrintStack()
			answered = Object{"answer": "errored", "message": fmt.Sprint(failure)}
		}
	}()
	want, _ := request["want"].(string)
	switch request["do"] {
	case "hello":
		return engine.Hello()
	case "configure":
		talk.header = request["header"].(Object)
		return engine.Configure(talk.header)
	case "reset":
		talk.listed = map[string]*Event{}
		if state, given := request["state"].(Object); given {
			return engine.Reset(state)
		}
		engine.Start()
		return Ok()
	case "step":
		return talk.step(talk.eventOf(request["event"]), want)
	case "batch":
		answers := []Object{}
		for _, event := range request["events"].([]any) {
			answers = append(answers, talk.answerTo(Object{"do": "step", "event": event, "want": want}))
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
