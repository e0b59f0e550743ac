import { PBKDF2PasswordHasher } from '../../src/crypto/hashers';
import type { RawPassword } from '../../src/crypto/hashers';

/** Counts the rounds it computes: what an attacker would measure as time, without a clock. */
export class MeasuredHasher extends PBKDF2PasswordHasher {
  rounds = 0;

  /** The rounds of what happens meanwhile. */
  async during(work: () => unknown): Promise<number> {
    const before = this.rounds;
    await work();
    return this.rounds - before;
  }

  protected override hash(
    password: RawPassword,
    parameters: { readonly salt: string; readonly iterations: number },
  ): Promise<string> {
    this.rounds += parameters.iterations;
    return super.hash(password, parameters);
  }
}
