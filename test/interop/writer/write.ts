import type { MikroORM } from '@mikro-orm/postgresql';
import type { Manifest } from './manifest';
import { writePermissions } from './permissions';
import { Project } from './project';
import { writeResetTokens } from './reset-tokens';
import { writeSessions } from './sessions';
import { writeCsrf, writeSigned, writeSignedCookies } from './signed';
import { writeJwts } from './jwts';
import { writeApiKeys, writeDrfTokens, writeKnoxTokens } from './tokens';
import { writeHashes, writePasswords, writeUsers } from './users';

/**
 * Writes rows of every kind into a database of Django's. What is there already is neither needed nor touched.
 *
 * @param secretKey Django's `SECRET_KEY`
 */
export async function write(orm: MikroORM, secretKey: string): Promise<Manifest> {
  const project = new Project(orm, secretKey);
  return {
    secret_key: secretKey,
    passwords: await writePasswords(project),
    hashes: await writeHashes(),
    users: await writeUsers(project),
    sessions: await writeSessions(project),
    drf_tokens: await writeDrfTokens(project),
    knox_tokens: await writeKnoxTokens(project),
    api_keys: await writeApiKeys(project),
    jwts: await writeJwts(project),
    reset_tokens: await writeResetTokens(project),
    signed: writeSigned(project),
    signed_cookies: writeSignedCookies(project),
    csrf: await writeCsrf(project),
    permissions: await writePermissions(project),
  };
}
