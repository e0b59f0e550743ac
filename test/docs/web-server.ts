import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** A program that can stand in front of Node. */
export interface WebServerKind {
  readonly name: string;
  readonly command: string;
  /** The block of docs/deployment.md that configures it. */
  readonly block: string;
  /** The whole configuration around that block. */
  configure(block: string, folder: string, port: number): string;
  args(file: string, log: string): readonly string[];
}

const nginx: WebServerKind = {
  name: 'nginx',
  command: 'nginx',
  block: 'nginx.conf',
  configure: (block, folder) => `
daemon off;
pid ${folder}/pid;
error_log ${folder}/log;
events {}
http {
    access_log off;
    client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi;
    scgi_temp_path ${folder}/scgi;
    ${block}
}`,
  args: (file, log) => ['-c', file, '-e', log],
};

const MODULES = '/usr/lib/apache2/modules';
const apacheModules = [
  ...['mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic'],
  ...['socache_shmcb', 'ssl', 'proxy', 'proxy_http', 'headers'],
];

const apache: WebServerKind = {
  name: 'Apache',
  command: 'apache2',
  block: 'apache.conf',
  configure: (block, folder, port) => `
${apacheModules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ServerName localhost
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/log
User www-data
Group www-data
Listen 127.0.0.1:${String(port)}
${block}`,
  args: (file) => ['-X', '-f', file],
};

export const webServers: readonly WebServerKind[] = [nginx, apache];

export function isInstalled({ command }: WebServerKind): boolean {
  return [command, 'openssl'].every((name) => spawnSync('bash', ['-c', `command -v ${name}`]).status === 0);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The host that the configurations of docs/deployment.md are for. */
const HOST = 'api.example.com';

/** A web server that runs with a configuration of docs/deployment.md. */
export class WebServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-web-server-'));
  readonly #log = join(this.#folder, 'log');
  readonly #port: number;
  readonly #process: ChildProcess;

  /**
   * @param block the configuration as it is documented, with the ports to listen at and to pass on to in their places
   * @param users who may log in at the web server itself, with their passwords
   */
  constructor(kind: WebServerKind, block: string, port: number, users: Readonly<Record<string, string>>) {
    this.#port = port;
    chmodSync(this.#folder, 0o755); // the server reads the users under an account of its own
    const config = join(this.#folder, 'config');
    writeFileSync(config, kind.configure(this.#place(block), this.#folder, port));
    writeFileSync(join(this.#folder, 'users'), Object.entries(users).map(toLine).join(''));
    this.#makeCertificate();
    writeFileSync(this.#log, '');
    const log = openSync(this.#log, 'a');
    this.#process = spawn(kind.command, kind.args(config, this.#log), { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  /** Puts the files that the configuration names below the folder of this server. */
  #place(block: string): string {
    return block
      .replace(/\b443\b/g, String(this.#port))
      .replaceAll('/etc/ssl/certs/api.example.com.pem', join(this.#folder, 'certificate'))
      .replaceAll('/etc/ssl/private/api.example.com.key', join(this.#folder, 'key'))
      .replace(/\/etc\/(nginx|apache2)\/users/g, join(this.#folder, 'users'));
  }

  #makeCertificate(): void {
    const files = ['-keyout', join(this.#folder, 'key'), '-out', join(this.#folder, 'certificate')];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', [...args, '-subj', `/CN=${HOST}`, '-days', '1', ...files], { stdio: 'pipe' });
  }

  async listening(): Promise<void> {
    for (;;) {
      if (this.#process.exitCode !== null) {
        throw new Error(`The web server ended instead of listening.\n${readFileSync(this.#log, 'utf8')}`);
      }
      try {
        await this.request('/');
        return;
      } catch {
        await delay(50);
      }
    }
  }

  async request(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    const outgoing = request({
      host: '127.0.0.1',
      port: this.#port,
      path,
      headers: { Host: HOST, ...headers },
      rejectUnauthorized: false,
      agent: false,
    });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const text = (await buffer(incoming)).toString();
    return { status: incoming.statusCode!, headers: incoming.headers, text };
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'close');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A line of a file of users, in a form that both servers read. */
function toLine([name, password]: [string, string]): string {
  return `${name}:{SHA}${createHash('sha1').update(password).digest('base64')}\n`;
}
