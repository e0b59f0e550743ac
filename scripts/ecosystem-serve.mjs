// npm run --silent ecosystem:serve: the app of test/conformance/ecosystem/app on $PORT, with the profiles of
// $ECOSYSTEM_PROFILES (files, with colons between them) and the data of $ECOSYSTEM_FIXTURES. With $INTEROP_SAMPLES and
// $DATABASE_URL it is the app of test/interop/app, over a database of Django's.
import { runProgram } from './program.mjs';

const { INTEROP_SAMPLES } = process.env;
await runProgram(INTEROP_SAMPLES === undefined ? 'test/conformance/ecosystem/app/main.ts' : 'test/interop/app/main.ts');
