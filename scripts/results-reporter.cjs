'use strict';

const { appendFileSync } = require('node:fs');
const { relative } = require('node:path');

/** A Jest reporter that adds each test's file, full name and status as a line of JSON to the file that `$SALLYPORT_RESULTS` names. */
module.exports = class ResultsReporter {
  #root;
  #filtered;

  constructor({ rootDir, testNamePattern }) {
    this.#root = rootDir;
    // With `-t` Jest reports each test that the filter left out as skipped.
    this.#filtered = Boolean(testNamePattern);
  }

  onTestResult(_test, { testFilePath, testResults }) {
    const results = process.env.SALLYPORT_RESULTS;
    if (!results || this.#filtered) return;
    const file = relative(this.#root, testFilePath).replaceAll('\\', '/');
    const lines = testResults.map(({ fullName, status }) => JSON.stringify({ file, title: fullName, status }));
    appendFileSync(results, lines.map((line) => `${line}\n`).join(''));
  }
};
