/** A candidate in a process of its own: `node serve.mjs NAME`. It tells its port, and its CPU time when asked. */
const { start } = await import(`./candidates/${process.argv[2]}.mjs`);

const server = await start();
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system });
});
process.on('disconnect', () => process.exit());
