// Keeps a Redis until standard input ends, which is also when the process that holds the other end is killed, or until
// the server ends by itself. Then its folder goes.
const { spawn } = require('node:child_process');
const { rmSync } = require('node:fs');

const [folder, ...options] = process.argv.slice(2);
// What is wrong with an option stands in standard error, anything else in standard output.
const server = spawn('redis-server', options, { stdio: ['ignore', 'inherit', 1] });

function end(status) {
  rmSync(folder, { recursive: true });
  process.exit(status);
}

server.once('error', (error) => {
  console.log(error.message);
  end(1);
});
server.once('exit', (status) => end(status ?? 0));
process.stdin.resume().once('end', () => server.kill());
