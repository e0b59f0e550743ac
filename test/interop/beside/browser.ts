/** One of two servers over the same database. */
export interface Side {
  readonly name: string;
  readonly port: number;
}

export interface Answer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what it holds is what the test is about to assert
  readonly data: any;
}

/** What a request brings along beside the cookies. */
export interface Extras {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser that has both sides open: they share its cookies, since cookies know no ports. */
export class Browser {
  readonly cookies = new Map<string, string>();

  get(side: Side, path: string, headers: Extras['headers'] = {}): Promise<Answer> {
    return this.send(side, 'GET', path, { headers });
  }

  /** Posts JSON, with the CSRF token that scripts take from the cookie. */
  post(side: Side, path: string, body: unknown = {}): Promise<Answer> {
    const token = this.cookies.get('csrftoken');
    return this.send(side, 'POST', path, { body, headers: token === undefined ? {} : { 'X-CSRFToken': token } });
  }

  async send({ port }: Side, method: string, path: string, { body, headers = {} }: Extras): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
      method,
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }), 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    return { status: response.status, data: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** Gets a CSRF token, and logs in with it. */
  async logIn(side: Side, username: string, password: string): Promise<Answer> {
    await this.get(side, '/csrf/');
    return this.post(side, '/login/', { username, password });
  }

  /** The primary key of who is logged in; null for nobody. */
  async user(side: Side): Promise<number | null> {
    const { status, data } = await this.get(side, '/session/');
    return status === 200 ? (data as { readonly user: number }).user : null;
  }

  #keep(line: string): void {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
    if (/; *Max-Age=0\b/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
