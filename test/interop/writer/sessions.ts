import { getSession, login, logout, updateSessionAuthHash, type Session, type Settings, type User } from 'sallyport';
import type { Manifest } from './manifest';
import { PASSWORD, type Project } from './project';

type Entry = Manifest['sessions'][number];
type Data = Entry['data'];

const DATA: Data = {
  text: 'Ä ☃ 😀 \u007f "quoted" \\ <script>',
  numbers: [0, -1, 1.5, 1e300, 9_007_199_254_740_991],
  nothing: null,
  nested: { flags: [true, false], empty: { list: [], object: {} } },
  2: 'a name that is a number',
};

/** Enough of the same that Django would compress it. */
const LONG: Data = { cart: Array.from({ length: 50 }, (_, sku) => ({ sku, quantity: 1 })) };

/** A browser with a session of its own, as the views of an app see it. */
class Browser {
  readonly #raw = { method: 'GET', url: '/', headers: {} };
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  session(): Promise<Session> {
    return getSession(this.#raw, this.#settings);
  }

  async remember(data: Data): Promise<void> {
    const session = await this.session();
    for (const [name, value] of Object.entries(data)) session.set(name, value);
  }

  logIn(user: User): Promise<void> {
    return login(this.#raw, user, { settings: this.#settings });
  }

  logOut(): Promise<void> {
    return logout(this.#raw);
  }

  keepLogIn(user: User): Promise<void> {
    return updateSessionAuthHash(this.#raw, user);
  }

  /** What an answer would do. @returns the value of the cookie */
  async save(): Promise<string> {
    const session = await this.session();
    await session.save();
    return session.sessionKey!;
  }
}

async function open(settings: Settings, user: User | null, data: Data): Promise<Browser> {
  const browser = new Browser(settings);
  await browser.remember(data);
  if (user !== null) await browser.logIn(user);
  return browser;
}

const entry = (key: string, user: User | null, data: Data = {}): Entry => ({
  session_key: key,
  user_id: user?.id ?? null,
  data,
});

/** Sessions with somebody and with nobody logged in. */
async function writeLiving(project: Project): Promise<Entry[]> {
  const { settings } = project;
  const user = await project.createUser('session');
  const withoutPassword = await project.users.createUser({ username: project.name('session_unusable') });
  const written: Entry[] = [];
  for (const data of [{}, DATA, LONG]) {
    written.push(entry(await (await open(settings, user, data)).save(), user, data));
    const anonymous = await open(settings, null, { seen: true, ...data });
    written.push(entry(await anonymous.save(), null, data));
  }
  written.push(entry(await (await open(settings, withoutPassword, DATA)).save(), withoutPassword, DATA));

  const brief = await open(settings, user, {});
  (await brief.session()).setExpiry(3600);
  written.push(entry(await brief.save(), user, { _session_expiry: 3600 }));
  return written;
}

/** Sessions that have ended, each in its own way. */
async function writeEnded(project: Project): Promise<Entry[]> {
  const { settings, users } = project;
  const user = await project.createUser('session_ended');
  const inactive = await project.createUser('session_inactive', { isActive: false });
  const expired = await (await open(project.settingsAt(-15 * 86_400), user, DATA)).save();
  const refused = await (await open(settings, inactive, DATA)).save();

  const leaving = await open(settings, user, DATA);
  const left = await leaving.save();
  await leaving.logOut();

  const renewed = await open(settings, user, DATA);
  const former = await renewed.save();
  await (await renewed.session()).cycleKey();
  const next = await renewed.save();

  const changing = await project.createUser('session_new_password');
  const elsewhere = await (await open(settings, changing, {})).save();
  const here = await open(settings, changing, DATA);
  await here.save();
  await users.setPassword(changing, `${PASSWORD} anew`);
  await here.keepLogIn(changing);
  const kept = await here.save();

  const ended = [expired, refused, left, former, elsewhere, 'nobody'.padEnd(32, '0')];
  return [...ended.map((key) => entry(key, null)), entry(next, user, DATA), entry(kept, changing, DATA)];
}

export async function writeSessions(project: Project): Promise<Manifest['sessions']> {
  return [...(await writeLiving(project)), ...(await writeEnded(project))];
}
