'use strict';

const { appendFileSync } = require('node:fs');
const { relative } = require('node:path');

/** A Jest reporter that adds each test's file, full name and status as a line of JSON to the file that `$SALLYPORT_RESULTS` names. */
module.exports = class ResultsReporter {
  #root;

  constructor({ rootDir }) {
    this.#root = rootDir;
  }

  onTestResult(_test, { testFilePath, testResults }) {
    const results = process.env.SALLYPORT_RESULTS;
    if (!results) return;
    const file = relative(this.#root, testFilePath).replaceAll('\\', '/');
    const lines = testResults.map(({ fullName, status }) => JSON.stringify({ file, title: fullName, status }));
    appendFileSync(results, lines.map((line) => `${line}\n`).join(''));
  }
};
