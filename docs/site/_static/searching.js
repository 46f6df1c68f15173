// Pages that are opened as files cannot read each other, so there no summaries of what was found are asked for.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// What a search finds counts as in Sphinx, but for a heading that says all that was asked: it comes first.
var Scorer = {
  score: (found) => found[4] + (found[6] === "title" ? 100 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
