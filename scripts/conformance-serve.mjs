// npm run --silent conformance:serve: the conforming app of test/conformance/app on $PORT, with the views of
// $CONFORMANCE_VIEWS and the fixtures of $CONFORMANCE_FIXTURES.
import { runProgram } from './program.mjs';

await runProgram('test/conformance/app/main.ts');
