'use strict';

/** Where rows come from, by the letters of their ids. */
const FAMILIES = {
  D: 'Django REST framework itself',
  S: "its guide to authentication, as it was from the first release to today's",
  A: "Django's users, sessions and protections, on which it stands",
  J: 'djangorestframework-simplejwt',
  JO: 'djangorestframework-jwt, which was there before it',
  K: 'django-rest-knox',
};

const ROW = new RegExp(`\\b(${Object.keys(FAMILIES).join('|')})-(\\d{3})(?: to \\1-(\\d{3}))?\\b`, 'g');

/** The ids of rows in a text: `D-017`, and each of `D-164 to D-166`. */
function rowIds(text) {
  return [...text.matchAll(ROW)].flatMap(([, letter, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => {
      return `${letter}-${String(Number(first) + index).padStart(3, '0')}`;
    }),
  );
}

/** Joins the rows with the lists of exceptions and with the results of the tests whose titles name them. */
function readRows({ sections, notFollowed, notYet }, results) {
  const later = new Map(Object.entries(notYet).flatMap(([feature, rows]) => rowIds(rows).map((id) => [id, feature])));
  const rows = new Map();
  for (const [section, entries] of Object.entries(sections)) {
    for (const [id, [kind, text]] of Object.entries(entries)) {
      rows.set(id, { id, section, kind, text, notFollowed: notFollowed[id], notYet: later.get(id), tests: [] });
    }
  }
  const unknown = [...Object.keys(notFollowed), ...later.keys()]
    .filter((id) => !rows.has(id))
    .map((id) => ({ id, where: 'the lists of exceptions' }));
  for (const test of results) {
    for (const id of new Set(rowIds(test.title))) {
      const row = rows.get(id);
      if (row) row.tests.push(test);
      else unknown.push({ id, where: `${test.file}: ${test.title}` });
    }
  }
  return { rows: [...rows.values()], unknown };
}

/** What is wrong with a row; undefined if it is proven, or stands in one list of exceptions. */
function faultOf({ notFollowed, notYet, tests }) {
  const bad = tests.find(({ status }) => status !== 'passed');
  if (bad) return `${bad.status}: ${bad.file}: ${bad.title}`;
  if (notFollowed && notYet) return 'stands in both lists of exceptions';
  if (notYet) return tests.length > 0 ? `listed for later (${notYet}), but proven by ${tests[0].file}` : undefined;
  return tests.length > 0 || notFollowed ? undefined : 'no test names it';
}

function outcomeOf({ notFollowed, notYet, tests }) {
  const files = [...new Set(tests.map(({ file }) => file))].sort();
  const links = files.map((file) => `[${file.replace(/^test\/|(\.slow)?\.test\.ts$/g, '')}](../${file})`).join(', ');
  if (notYet) return `*later: ${notYet}*`;
  if (notFollowed) return `*differs:* ${notFollowed}${links && ` (${links})`}`;
  return links;
}

const HEAD = `# Parity

<!-- Written by \`npm run parity\` from a run of all tests. Changes belong into the titles of tests and into test/parity/. -->

A row is one promise of Django REST framework. The titles of our tests name the rows that they prove, and this page is made from their
results: a row that no test proves, or whose test fails or is skipped, fails the build. Where we differ on purpose, or where there is
nothing in Node to which a row applies, the reason stands beside it, and a test where there is something to show.

Kinds: W a client sees it, I code in the process sees it, D the database, C the command line, G the guide says it, T the compiler holds it.
`;

/** The page that shows all rows. */
function parityPage(rows) {
  const lines = [HEAD, '| rows | of | proven | differs | later |', '| --- | --- | --: | --: | --: |'];
  for (const [letter, of] of Object.entries(FAMILIES)) {
    const own = rows.filter(({ id }) => id.startsWith(`${letter}-`));
    const later = own.filter(({ notYet }) => notYet).length;
    const notFollowed = own.filter((row) => row.notFollowed).length;
    lines.push(`| ${letter} | ${of} | ${own.length - later - notFollowed} | ${notFollowed} | ${later} |`);
  }
  let section;
  for (const row of rows) {
    if (row.section !== section) {
      section = row.section;
      lines.push('', `## ${section}`, '', '| row | kind | promise | proven by |', '| --- | --- | --- | --- |');
    }
    lines.push(`| ${row.id} | ${row.kind} | ${row.text} | ${outcomeOf(row)} |`);
  }
  return `${lines.join('\n')}\n`;
}

module.exports = { rowIds, readRows, faultOf, parityPage };
