// npm run --silent interop:adapter: answers the questions on stdin with what the library makes of them, a line of JSON each.
import { runProgram } from './program.mjs';

await runProgram('test/interop/adapter/main.ts');
