import { describe, expect, it } from '@jest/globals';
import { Generator } from '../../support/generator';
import { sureOnes, TRIALS } from './trials';

describe('a constraint with a straight form, asked hundreds of thousands of times', () => {
  it.each(Object.keys(TRIALS))('says yes to nothing that class-validator refuses: %s', (name) => {
    let yes = 0;
    for (const sure of sureOnes(name, new Generator(20), 5000)) {
      yes++;
      if (sure.theirs !== true) expect(sure).toEqual({ ...sure, theirs: true });
    }
    expect(yes).toBeGreaterThan(15_000);
  });
});
