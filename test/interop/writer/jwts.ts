import type { User } from 'sallyport';
import { AccessToken, RefreshToken, SlidingToken, type Token, type TokenClass } from 'sallyport/jwt';
import { settingsOf } from '../app/settings';
import type { Manifest } from './manifest';
import type { Project } from './project';

type JWTEntry = Manifest['jwts'][number];

const CLAIMS = { name: 'Jürgen ☃ 😀', roles: ['staff', null, 1.5], nested: { '2': true } };

const CLASSES: readonly TokenClass[] = [AccessToken, RefreshToken, SlidingToken];

function entry(token: Token | string, type: string, user: User, accepted: boolean): JWTEntry {
  return { token: String(token), type, user_id: user.id, accepted };
}

/** Good tokens of each type, and the same in other hands: changed, expired, or of another project. */
async function writeOfType(project: Project, tokenClass: TokenClass, user: User): Promise<JWTEntry[]> {
  const type = tokenClass.tokenType!;
  const others = CLASSES.map(({ tokenType }) => tokenType!).filter((other) => other !== type);
  const plain = await tokenClass.forUser(project.settings, user);
  const named = await tokenClass.forUser(project.settings, user);
  for (const [claim, value] of Object.entries(CLAIMS)) named.set(claim, value);
  const expired = await tokenClass.forUser(project.settingsAt(-2 * 86_400), user);
  const stranger = settingsOf(project.orm, { secretKey: `${project.secretKey}x` });
  const [head, body, signature] = String(plain).split('.') as [string, string, string];
  const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  const bad = [
    expired,
    await tokenClass.forUser(stranger, user),
    `${head}.${body}.${signature.slice(0, -2)}AA`,
    `${unsigned}.${body}.`,
  ];
  return [
    entry(plain, type, user, true),
    { ...entry(named, type, user, true), claims: CLAIMS },
    ...others.map((other) => entry(plain, other, user, false)),
    ...bad.map((token) => entry(token, type, user, false)),
  ];
}

/** A token that is called back, and one that was never noted before. */
async function writeBlacklisted(project: Project, tokenClass: typeof RefreshToken, user: User): Promise<JWTEntry[]> {
  const noted = await tokenClass.forUser(project.settings, user);
  await noted.blacklist(user);
  const unnoted = new tokenClass(project.settings);
  unnoted.set('user_id', user.id);
  const before = entry(unnoted, tokenClass.tokenType, user, false);
  await unnoted.blacklist(null);
  return [entry(noted, tokenClass.tokenType, user, false), before];
}

export async function writeJwts(project: Project): Promise<Manifest['jwts']> {
  const user = await project.createUser('jwt');
  const written: JWTEntry[] = [];
  for (const tokenClass of CLASSES) written.push(...(await writeOfType(project, tokenClass, user)));
  written.push(...(await writeBlacklisted(project, RefreshToken, user)));
  written.push(...(await writeBlacklisted(project, SlidingToken as never, user)));
  const { accessToken } = await RefreshToken.forUser(project.settings, user);
  return [...written, entry(accessToken, 'access', user, true)];
}
