"""How the page looks: ink on paper, one colour for each severity, figures below each other."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --quiet: #555e68; --line: #d5dae0; --soft: #f5f6f8;
  --good: #1a6b32; --bad: #b3261e; --open: #7a5200; --one: #1f5fae; --two: #b3261e; --three: #6d4aa8; --four: #4d5660; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e6e9ed; --quiet: #a3acb7; --line: #363d46;
  --soft: #1d2127; --good: #5cc87a; --bad: #ff8a80; --open: #e0b34d; --one: #79b0f5; --two: #ff8a80; --three: #bda2ee;
  --four: #b5bec9; } }
* { box-sizing: border-box; }
html { background: var(--paper); }
body { margin: 0; color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 2rem clamp(1rem, 4vw, 3rem) 5rem; }
h1, h2, h3, h4, p, dl, dd, figure { margin: 0; overflow-wrap: anywhere; }
section > p, section > ul, section > ol, header > p { max-width: 48rem; }
p { margin-top: .75rem; }
h1 { font-size: clamp(1.75rem, 5vw, 2.5rem); line-height: 1.15; letter-spacing: -.01em; }
h2 { font-size: 1.375rem; line-height: 1.25; padding-top: 1.25rem; border-top: 1px solid var(--line); }
section { margin-top: 3rem; }
h3 { font-size: 1.0625rem; margin-top: 2rem; }
h4 { font-size: 1rem; line-height: 1.4; }
header { border-left: .375rem solid var(--open); padding-left: clamp(.75rem, 2vw, 1.25rem); }
header.good { border-color: var(--good); }
header.bad { border-color: var(--bad); }
header.good h1 { color: var(--good); }
header.bad h1 { color: var(--bad); }
header.open h1 { color: var(--open); }
.kicker, .more, dt, caption, figcaption span, .lane { color: var(--quiet); }
.kicker { margin: 0 0 .25rem; }
.lead { font-size: 1.0625rem; }
.limit { font-weight: 600; }
.more { font-size: .875rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9.5rem, 44%), 1fr));
  gap: 1rem; margin-top: 1.5rem; }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { font-size: .875rem; }
.figures dd { font-size: 1.25rem; white-space: nowrap; font-weight: 600; font-variant-numeric: tabular-nums; }
nav ol { columns: 14rem; margin: 2rem 0 0; padding: 0 0 0 1.875rem; font-size: .9375rem; }
nav a { display: inline-block; padding: .125rem 0; }
a { color: var(--one); }
.table { overflow-x: auto; margin-top: 1.25rem; }
.table:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--one); outline-offset: 2px; }
table { border-collapse: collapse; overflow-wrap: normal; font-size: .875rem; line-height: 1.45; }
caption { text-align: left; padding-bottom: .375rem; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .3125rem 1.25rem .3125rem 0;
  border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 600; }
tbody th, td { min-width: 4.75rem; max-width: 40rem; }
th, td { white-space: nowrap; }
.long { white-space: normal; overflow-wrap: anywhere; min-width: 12rem; }
thead .long { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: normal; }
.finding { border: 1px solid var(--line); border-left: .25rem solid var(--four); border-radius: .25rem;
  padding: 1rem clamp(.75rem, 2vw, 1.25rem) 1.125rem; margin-top: 1rem; }
.critical, .high { border-left-color: var(--bad); }
.medium { border-left-color: var(--open); }
.badge { font-size: .75rem; font-weight: 700; border: 1px solid currentcolor; border-radius: .25rem;
  padding: .0625rem .375rem; color: var(--four); white-space: nowrap; }
.critical .badge { background: var(--bad); border-color: var(--bad); color: var(--paper); }
.high .badge { color: var(--bad); }
.medium .badge { color: var(--open); }
h4 span { margin-right: .5rem; }
h4 .says { display: block; margin-top: .25rem; }
.clause { font-weight: 400; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(10.5rem, 46%), 1fr)); gap: .5rem 1rem;
  margin-top: .875rem; font-size: .875rem; }
.facts dt { font-size: .8125rem; }
.facts dd { font-variant-numeric: tabular-nums; }
details { margin-top: 1rem; font-size: .875rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.tree { list-style: none; margin: .25rem 0 0; padding: 0 0 0 .75rem; border-left: 1px solid var(--line); }
.tree li { margin: .125rem 0; overflow-wrap: anywhere; }
.tree .moved { font-weight: 600; }
code { font: .875em/1.5 ui-monospace, "Cascadia Mono", Menlo, monospace; overflow-wrap: anywhere; }
.steps li { overflow-wrap: anywhere; }
.steps code { display: block; background: var(--soft); padding: .5rem .75rem; border-radius: .25rem;
  margin: .25rem 0 1rem; }
svg { display: block; width: 100%; }
.timeline { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: .375rem 1rem; align-items: end;
  margin-top: 1.25rem; font-size: .875rem; }
.timeline svg { height: 1.5rem; }
.bar { fill: var(--one); }
.axis { stroke: var(--line); stroke-width: 1; fill: none; vector-effect: non-scaling-stroke; }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
path.line0 { stroke: var(--one); }
path.line1 { stroke: var(--two); stroke-dasharray: 6 3; }
path.line2 { stroke: var(--three); stroke-dasharray: 2 3; }
path.line3, path.line4 { stroke: var(--four); stroke-dasharray: 10 3 2 3; }
figure { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 34rem); gap: .25rem 2.5rem; margin-top: 2rem;
  align-items: start; }
figcaption, .wide .plot, .wide .table { grid-column: 1 / -1; }
.key { margin-left: 1.25rem; font-size: .875rem; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 1.5rem; margin-right: .375rem; vertical-align: middle;
  border-top: 2px solid var(--one); }
.key.line1::before { border-top: 2px dashed var(--two); }
.key.line2::before { border-top: 2px dotted var(--three); }
.key.line3::before, .key.line4::before { border-top: 2px dashed var(--four); }
.plot { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: .125rem .5rem; font-size: .75rem;
  color: var(--quiet); font-variant-numeric: tabular-nums; padding-top: .5rem; }
.plot svg { height: 9rem; grid-area: 1 / 2 / 3 / 4; overflow: visible; }
.plot .high { grid-area: 1 / 1; text-align: right; }
.plot .low { grid-area: 2 / 1; text-align: right; align-self: end; }
.plot .from { grid-area: 3 / 2; }
.plot .to { grid-area: 3 / 3; text-align: right; }
figure .table { margin-top: 0; }
@media (max-width: 56rem) { figure { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 30rem) { th, td { padding-right: .875rem; } nav ol { columns: auto; }
  .figures dd { font-size: 1.0625rem; } }
@media (max-width: 27rem) { .figures { grid-template-columns: 1fr; } }
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  :root { color-scheme: light; --paper: #fff; --ink: #000; --quiet: #444; --line: #bbb; --soft: #f3f3f3;
    --good: #1a6b32; --bad: #b3261e; --open: #7a5200; --one: #1f5fae; --two: #b3261e; --three: #6d4aa8;
    --four: #4d5660; }
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  section { margin-top: 8mm; }
  table { font-size: 7pt; width: 100%; }
  .table { overflow: visible; }
  th, td { padding-right: 3mm; }
  thead { display: table-header-group; }
  thead th { white-space: normal; }
  tbody th, td, .long { min-width: 0; }
  tr, figure, .finding > dl, h4 { break-inside: avoid; }
  h2, h3, h4, caption { break-after: avoid; }
  details { font-size: 7.5pt; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  figure { grid-template-columns: minmax(0, 1fr); gap: 2mm; }
  .plot svg { height: 28mm; }
  .badge, .bar { print-color-adjust: exact; }
}
"""
