import { describe, expect, it } from '@jest/globals';
import { dumps, SessionCodec } from 'sallyport';
import { applyChanges, findChanges, toPythonISO } from '../../../src/auth/session/protocol/session-data';

const key = 'sallyport-test-secret-key-0123456789';
const clock = { now: () => 1_700_000_000_000 };
const codec = new SessionCodec({ key, clock });
const salt = 'django.contrib.sessions.SessionStore';

const hash = '74839affc69d21a67f68a642338aedeb38d5e6820751162c551b1216b43f85e0';
const backend = 'django.contrib.auth.backends.ModelBackend';

/** Recorded from Django with this key at this time; zlib's bytes are its own, so these are read only. */
const compressed: [string, object][] = [
  [
    '.eJxVjEEOwiAQRe_C2pAywEBduvcMZIBBqoYmpV0Z765NutDtf-_9lwi0rTVsnZcwZXEWBsTpd4yUHtx2ku_UbrNMc1uXKcpdkQft8jpnfl4O9--gUq_f2hmvRyol4ZhBEbqCntCA1p44c9Q-W0YPg7NKISRrVVSgMBpdvOVBvD_7WzdP:1r31eq:_DGJPNL2QrIDUI49xHK-mLSjN6sSgvJk-IbR-WJ6xIY',
    { _auth_user_id: '42', _auth_user_backend: backend, _auth_user_hash: hash },
  ],
  [
    '.eJxVjDsOgzAQRK-CtkbIH2wMZfqcIERoba8D-RgJcIW4e0CioZli3ptZweG0QPPg-QoRfwQNtIkxqtskGLqsTd5Ivycxlh2kCrA9c-gwLX2XZpq6we-jUsCltOg-FA_i3xhfY-HGuEyDLQ6lOOlc3EdP39vpXg56nPt9XZVG1hiC07UXHHUVtEFdCikNkicrjVekjWCV4lwLpxS3XHBtSxmMIgbbH_5hR-U:1r31eq:cw9vA097gpPwIpZGTLjMrguXMbb8iUz0z4C8S60DVJ0',
    {
      cart: [1, { name: 'é€ 😀 \x7f' }],
      _auth_user_id: '42',
      _auth_user_backend: backend,
      _auth_user_hash: hash,
    },
  ],
];

/** Recorded likewise. */
const plain: [string, object][] = [
  ['eyJfYXV0aF91c2VyX2lkIjoiNDIifQ:1r31eq:xhSxdFS643pxi_d4xIOiHtxAzdjcA0tDxNm40ABXKXs', { _auth_user_id: '42' }],
  ['e30:1r31eq:5oVT06XgCHLr74Pcb4p6m_CP78EFmdqdhH45XtMNW5s', {}],
  ['eyJrIjoiXHUwMGU5XHUyMGFjIn0:1r31eq:dNq5TNjb7NVoVVd-uxc_1Jk5DjUx0AWd7NFCXFfDBA8', { k: 'é€' }],
  [
    'eyJ4IjoiXHUwMDdmXHUyMDI4XCJcXC9cYlx1MDAxZlx1ZDgzZFx1ZGUwMCJ9:1r31eq:yUYWGl0ZHpzMsZ1pzgnq5lrD_Ybr_GM4vf1bogT95V8',
    { x: '\x7f\u2028"\\/\b\x1f😀' },
  ],
  [
    'eyJhIjpudWxsLCJiIjp0cnVlLCJjIjoxLjUsImQiOltdLCJlIjp7ImYiOnt9fX0:1r31eq:QAOgdvRhz_LtZEwzCZdePysz4Y4Izi9hlDe62CBts0w',
    { a: null, b: true, c: 1.5, d: [], e: { f: {} } },
  ],
];

describe('SessionCodec', () => {
  it.each([...plain, ...compressed])('reads what Django has written: %s (A-064, A-065)', (text, data) => {
    expect(Object.fromEntries(codec.decode(text))).toEqual(data);
  });

  it.each(plain)('writes what Django writes, byte for byte: %s (A-064, A-066)', (text, data) => {
    expect(codec.encode(new Map(Object.entries(data)))).toBe(text);
  });

  it('loses nothing of what JavaScript alone would not keep, so that it outlives the change of another value', () => {
    // Recorded likewise: 2**60, NaN, -Infinity, and names that JavaScript would bring into another order.
    const text =
      'eyJpZCI6MTE1MjkyMTUwNDYwNjg0Njk3NiwibmFuIjpOYU4sImxvdyI6LUluZmluaXR5LCIyIjoiYiIsIjEiOiJhIn0:1r31eq:8RQYbshbXYk44SjvR9CnC74LVIx_sx0di1Yp2H-7P6Y';
    const data = new Map<string, unknown>([
      ['id', 2n ** 60n],
      ['nan', NaN],
      ['low', -Infinity],
      ['2', 'b'],
      ['1', 'a'],
    ]);
    expect(codec.encode(data)).toBe(text);
    const read = codec.decode(text);
    expect(new Map([...read].sort())).toEqual(new Map([...data].sort()));
    expect(findChanges(codec.decode(text), read.set('id', 2n ** 60n + 1n))).toEqual(new Map([['id', 2n ** 60n + 1n]]));
  });

  it('compresses what is long, and Django has read it', () => {
    // Written by this codec, read by Django 3.2.
    const written =
      '.eJxVjDtuwzAQBa9ibBubWH5FsXSfLl0UCCtyGcmJpUAUgQSG7x4IcOP2zby5QaR1g_AujzeY6coQoKuI3HZVIcVDV5PXqauJEQ87aTLcP47QU93GvhZe-ylBAKPgaRwofvG8k3Sh-XMRcZm3dRrErogHLeJ1Sfx9frhPgZHKCAEa43VLOUfXJiXJNdl5ckZp7YkTD9ony84rbKyUTkVr5SCVdIPR2VvGPVq4lGmZe_79mdY_CKBQuRPKE6o31AFNQCtc4xHxBTHgfsoQpLD3fzGnVz0:1r31eq:J1nW8fhBkoiKgFY7-6TzBBALoD_BSBRbFBp3SrLun5g';
    const data = new Map(Object.entries(compressed[1]![1]));
    data.set('_session_expiry', '2026-01-02T03:04:05.678000+00:00').set('f', 1.5);
    expect(codec.decode(written)).toEqual(data);
    expect(codec.encode(data).startsWith('.')).toBe(true);
    expect(codec.decode(codec.encode(data))).toEqual(data);
  });

  it('reads what former keys have signed, and signs with the present one (A-067)', () => {
    const [[text, data]] = plain as [[string, object]];
    const rotated = new SessionCodec({ key: 'new', fallbackKeys: [key], clock });
    expect(Object.fromEntries(rotated.decode(text))).toEqual(data);
    expect(() => codec.decode(rotated.encode(new Map()))).toThrow();
  });

  it('does not ask how old a signature is (A-067)', () => {
    const later = new SessionCodec({ key, clock: { now: () => clock.now() + 1e12 } });
    expect(later.decode(codec.encode(new Map([['a', 1]])))).toEqual(new Map([['a', 1]]));
  });

  it.each([
    '',
    'nonsense',
    'e30:1r31eq:5oVT06XgCHLr74Pcb4p6m_CP78EFmdqdhH45XtMNW5S',
    'e31:1r31eq:5oVT06XgCHLr74Pcb4p6m_CP78EFmdqdhH45XtMNW5s',
    dumps({}, { key, clock }),
    ...[[1], 'text', null, 1].map((value) => dumps(value, { key, clock, salt })),
  ])('throws on %j', (text) => {
    expect(() => codec.decode(text)).toThrow();
  });

  it('holds a value under any name', () => {
    const text = codec.encode(new Map([['__proto__', { polluted: true }]]));
    const data = codec.decode(text);
    expect(data.get('__proto__')).toEqual({ polluted: true });
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});

describe('changes of a session', () => {
  const before = new Map<string, unknown>([
    ['kept', 1],
    ['list', [1]],
    ['removed', true],
  ]);
  const after = new Map<string, unknown>([
    ['kept', 1],
    ['list', [1, 2]],
    ['added', null],
  ]);

  it('are found by value, and put into other data', () => {
    const changes = findChanges(before, after);
    expect([...changes.keys()]).toEqual(['list', 'removed', 'added']);
    const other = new Map<string, unknown>([...before, ['kept', 2], ['theirs', 3]]);
    expect(Object.fromEntries(applyChanges(changes, other))).toEqual({
      kept: 2,
      list: [1, 2],
      added: null,
      theirs: 3,
    });
  });

  it('are none when nothing has another value', () => {
    expect(findChanges(before, new Map(before)).size).toBe(0);
  });
});

describe('toPythonISO', () => {
  it('writes a time as Python does (A-073)', () => {
    expect(toPythonISO(new Date('2026-01-02T03:04:05.678Z'))).toBe('2026-01-02T03:04:05.678000+00:00');
    expect(toPythonISO(new Date('2026-01-02T03:04:05Z'))).toBe('2026-01-02T03:04:05+00:00');
  });
});
