import { connect } from 'node:net';

/**
 * A client that costs little: it writes requests that were made beforehand, and of an answer it looks at the status and
 * the length. One request at a time on each connection, as browsers and proxies do.
 */
export class Client {
  #connections = [];
  #requests;
  #status;
  #at = 0;

  constructor({ method = 'GET', path, headers = [{}], body, status }) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const own =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    this.#status = ` ${String(status)} `;
    this.#requests = headers.map((more) => {
      const all = { host: '127.0.0.1', accept: 'application/json', ...more, ...own };
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${String(value)}\r\n`);
      return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`);
    });
  }

  open(port, connections) {
    this.#connections = Array.from({ length: connections }, () => new Connection(port));
  }

  /** Sends so many requests, shared out among the connections. */
  async send(count) {
    let left = count;
    const work = async (connection) => {
      while (left-- > 0) {
        const answer = await connection.ask(this.#requests[this.#at++ % this.#requests.length]);
        if (answer.slice(8, 13) !== this.#status) throw new Error(`Answered ${answer.slice(0, 200)}`);
      }
    };
    await Promise.all(this.#connections.map(work));
  }

  close() {
    for (const connection of this.#connections) connection.close();
  }
}

/** One that comes back when the server ends it: routing-controllers does so after each refusal. */
class Connection {
  #port;
  #socket;
  #pending;

  constructor(port) {
    this.#port = port;
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      this.#pending = { request, resolve, reject, answer: '', attempts: 0 };
      this.#write();
    });
  }

  #write() {
    if (this.#socket === undefined || this.#socket.destroyed) this.#connect();
    this.#socket.write(this.#pending.request);
  }

  #connect() {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay();
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#again(socket));
  }

  #take(chunk) {
    const { resolve } = this.#pending;
    this.#pending.answer += chunk.latin1Slice();
    if (!isWhole(this.#pending.answer)) return;
    const { answer } = this.#pending;
    this.#pending = undefined;
    resolve(answer);
  }

  #again(socket) {
    if (this.#pending === undefined || socket !== this.#socket) return;
    this.#pending.answer = '';
    if (++this.#pending.attempts > 5) this.#pending.reject(new Error('The server ends every connection.'));
    else this.#write();
  }

  close() {
    this.#pending = undefined;
    this.#socket?.destroy();
  }
}

function isWhole(answer) {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end));
  if (length !== null) return answer.length >= end + 4 + Number(length[1]);
  return answer.endsWith('0\r\n\r\n');
}
