import { createInterface } from 'node:readline';
import { answerLine } from './answers';

async function reply(line: string): Promise<void> {
  console.log(await answerLine(line));
}

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line.trim() !== '') void reply(line);
});
