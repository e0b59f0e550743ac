// npm run --silent interop:write -- DATABASE_URL [--samples FILE]: writes rows into a database of Django's, and tells on
// stdout what Django should find there.
import { runProgram } from './program.mjs';

await runProgram('test/interop/writer/main.ts');
