/** Ends the server that the set-up started; one that the environment named is left alone. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.testPostgres?.stop();
}
