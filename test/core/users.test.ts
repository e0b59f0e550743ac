import { describe, expect, it } from '@jest/globals';
import {
  AbstractBaseUser,
  AnonymousUser,
  isValidUsername,
  prepareSuperuser,
  prepareUser,
  User,
  userMessages,
} from '../../src/core/users';
import { MD5PasswordHasher, PBKDF2PasswordHasher } from '../../src/crypto/hashers';
import type { PasswordHashers } from '../../src/crypto/hashers';

const fast = new PBKDF2PasswordHasher({ iterations: 1 });
const hashers: PasswordHashers = [fast, new MD5PasswordHasher()];

/** A user of one's own, known by the address of their mail. */
class Member extends AbstractBaseUser {
  static override readonly USERNAME_FIELD = 'email';
  uuid = 'b5c1';
  email = '';

  get isActive(): boolean {
    return true;
  }

  override get pk(): string {
    return this.uuid;
  }
}

describe('User', () => {
  it("has Django's class members (A-006)", () => {
    expect(User.USERNAME_FIELD).toBe('username');
    expect(User.EMAIL_FIELD).toBe('email');
    expect(User.REQUIRED_FIELDS).toEqual(['email']);
  });

  it("starts with Django's values (A-007)", () => {
    expect({ ...new User() }).toEqual({
      id: undefined,
      password: '',
      lastLogin: null,
      isSuperuser: false,
      username: '',
      lastName: '',
      email: '',
      isStaff: false,
      isActive: true,
      dateJoined: undefined,
      firstName: '',
    });
  });

  it('is authenticated and not anonymous, even when an ORM made it without its constructor (A-008)', () => {
    for (const user of [new User(), Object.create(User.prototype) as User]) {
      expect(user.isAuthenticated).toBe(true);
      expect(user.isAnonymous).toBe(false);
    }
  });

  it('is not active before that is known', () => {
    const notLoaded = Object.create(User.prototype) as User;
    expect(notLoaded.isActive).toBeFalsy();
  });

  it('cannot be made anonymous by an assignment', () => {
    expect(() => Object.assign(new User(), { isAuthenticated: false })).toThrow(TypeError);
  });

  it('is known by its primary key and its name (A-009)', () => {
    const user = Object.assign(new User(), { id: 42, username: 'ann' });
    expect(user.pk).toBe(42);
    expect(user.getUsername()).toBe('ann');
    expect(String(user)).toBe('ann');
  });

  it('has a full name without stray blanks (A-010)', () => {
    const user = Object.assign(new User(), { firstName: 'Ann', lastName: 'Lee' });
    expect(user.getFullName()).toBe('Ann Lee');
    expect(user.getShortName()).toBe('Ann');
    user.firstName = '';
    expect(user.getFullName()).toBe('Lee');
    user.lastName = '';
    expect(user.getFullName()).toBe('');
  });
});

describe('a user class of your own', () => {
  it('chooses the field that names the user, and the primary key (A-005, A-009)', () => {
    const member = Object.assign(new Member(), { email: 'ann@example.com' });
    expect(member.getUsername()).toBe('ann@example.com');
    expect(member.pk).toBe('b5c1');
  });

  it('has the field `id` for its primary key if it says nothing', () => {
    class Plain extends AbstractBaseUser {
      id = 7;
      isActive = true;
    }
    expect(new Plain().pk).toBe(7);
  });
});

describe('the password of a user', () => {
  it('is stored as a hash (A-017)', async () => {
    const user = new User();
    await user.setPassword('secret', hashers);
    expect(user.password).toMatch(/^pbkdf2_sha256\$1\$/);
    expect(await user.checkPassword('secret', hashers)).toBe(true);
    expect(await user.checkPassword('wrong', hashers)).toBe(false);
  });

  it('may be unusable (A-017, A-050)', async () => {
    const user = new User();
    expect(user.hasUsablePassword()).toBe(true);
    user.setUnusablePassword();
    expect(user.hasUsablePassword()).toBe(false);
    expect(await user.checkPassword('', hashers)).toBe(false);
    await user.setPassword('secret', hashers);
    expect(user.hasUsablePassword()).toBe(true);
    await user.setPassword(null, hashers);
    expect(user.hasUsablePassword()).toBe(false);
  });

  it('gets a new hash when a right one meets an old hash, and only then (A-018)', async () => {
    const old = await new MD5PasswordHasher().encode('secret', 'salt');
    const user = Object.assign(new User(), { password: old });
    expect(await user.checkPassword('wrong', hashers)).toBe(false);
    expect(user.password).toBe(old);
    expect(await user.checkPassword('secret', hashers)).toBe(true);
    expect(user.password).toMatch(/^pbkdf2_sha256\$1\$/);
    const renewed = user.password;
    expect(await user.checkPassword('secret', hashers)).toBe(true);
    expect(user.password).toBe(renewed);
  });

  it('never matches where nothing is stored', async () => {
    expect(await new User().checkPassword('', hashers)).toBe(false);
    expect(await (Object.create(User.prototype) as User).checkPassword('', hashers)).toBe(false);
  });
});

describe('normalisation', () => {
  it('makes names that look the same the same (A-011)', () => {
    expect(User.normalizeUsername('ﬁ①')).toBe('fi1');
    expect(User.normalizeUsername('A\u030angstrom')).toBe('Ångstrom');
    expect(User.normalizeUsername(' ann ')).toBe(' ann ');
  });

  it.each([
    ['A@EXAMPLE.Com', 'A@example.com'],
    ['two@at@SIGNS.Org', 'two@at@signs.org'],
    ['no-at-SIGN', 'no-at-SIGN'],
    ['@EXAMPLE.com', '@example.com'],
    ['', ''],
    [null, ''],
    [undefined, ''],
  ])('lowers the domain of an address only: %s (A-012)', (given, normal) => {
    expect(User.normalizeEmail(given)).toBe(normal);
  });
});

describe('isValidUsername', () => {
  it.each(['ann', 'ann.lee+x@example-site_1', 'Ångström', '李', '١٢'])('takes %s (A-013)', (name) => {
    expect(isValidUsername(name)).toBe(true);
  });

  it.each(['', 'ann lee', 'ann\n', 'ann\0', 'ann!', 'a/b', 'ann\u00a0'])('refuses %j (A-013)', (name) => {
    expect(isValidUsername(name)).toBe(false);
  });

  it("has Django's texts beside it (A-013, A-014)", () => {
    expect(userMessages).toEqual({
      invalidUsername:
        'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
      usernameTaken: 'A user with that username already exists.',
    });
  });
});

describe('prepareUser', () => {
  it('normalises name and address and hashes the password (A-011, A-012, A-015)', async () => {
    const fields = { username: 'ﬁ ', email: 'A@EXAMPLE.Com', password: 'secret', firstName: 'Fi' };
    const prepared = await prepareUser(User, fields, hashers);
    expect(prepared).toEqual({
      username: 'fi ',
      email: 'A@example.com',
      password: expect.stringMatching(/^pbkdf2_sha256\$1\$/),
      firstName: 'Fi',
    });
    expect(await Object.assign(new User(), prepared).checkPassword('secret', hashers)).toBe(true);
  });

  it('makes the password unusable where none is given, and the address empty (A-015)', async () => {
    const prepared = await prepareUser(User, { username: 'ann' }, hashers);
    expect(prepared.password).toMatch(/^!/);
    expect(prepared.email).toBe('');
    expect((await prepareUser(User, { username: 'ann', password: null }, hashers)).password).toMatch(/^!/);
  });

  it('refuses an empty name (A-015)', async () => {
    await expect(prepareUser(User, { username: '' }, hashers)).rejects.toThrow(
      new RangeError('The given username must be set'),
    );
  });

  it('normalises as the class of the user says', async () => {
    class Shouting extends User {
      static override normalizeUsername(username: string): string {
        return super.normalizeUsername(username).toUpperCase();
      }
    }
    expect((await prepareUser(Shouting, { username: 'ann' }, hashers)).username).toBe('ANN');
  });
});

describe('prepareSuperuser', () => {
  it('sets both marks (A-016)', async () => {
    const prepared = await prepareSuperuser(User, { username: 'root', password: 'secret' }, hashers);
    expect(prepared).toMatchObject({ isStaff: true, isSuperuser: true });
  });

  it('refuses a false mark (A-016)', async () => {
    await expect(prepareSuperuser(User, { username: 'root', isStaff: false }, hashers)).rejects.toThrow(
      'Superuser must have is_staff=True.',
    );
    await expect(async () => prepareSuperuser(User, { username: 'root', isSuperuser: false }, hashers)).rejects.toThrow(
      'Superuser must have is_superuser=True.',
    );
  });
});

describe('AnonymousUser', () => {
  const anonymous = new AnonymousUser();

  it('has nothing that a user has (A-008, A-025)', () => {
    expect(anonymous).toMatchObject({
      isAuthenticated: false,
      isAnonymous: true,
      isActive: false,
      isStaff: false,
      isSuperuser: false,
      pk: null,
      id: null,
      username: '',
    });
    expect(anonymous.getUsername()).toBe('');
  });

  it('is the same as every other (A-025)', () => {
    expect(anonymous.equals(new AnonymousUser())).toBe(true);
    expect(anonymous.equals(new User())).toBe(false);
  });

  it('is written by its name, and is no number (A-025)', () => {
    expect(String(anonymous)).toBe('AnonymousUser');
    expect(`${anonymous.toString()}`).toBe('AnonymousUser');
    expect(() => Number(anonymous)).toThrow(TypeError);
  });

  it('stands for no row (A-025)', () => {
    const text = "Django doesn't provide a DB representation for AnonymousUser.";
    expect(() => anonymous.save()).toThrow(text);
    expect(() => anonymous.delete()).toThrow(text);
    expect(() => anonymous.setPassword('secret')).toThrow(text);
    expect(() => anonymous.checkPassword('secret')).toThrow(text);
  });

  it('cannot be made a user by an assignment', () => {
    expect(() => Object.assign(new AnonymousUser(), { isAuthenticated: true })).toThrow(TypeError);
  });
});
