import { describe, expect, it } from '@jest/globals';
import { groupIpv6 } from '../../src/http/address';

describe('groupIpv6', () => {
  it.each([
    ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2:0:0:0:0/64'],
    ['2001:DB8:1:2::6', 64, '2001:db8:1:2:0:0:0:0/64'],
    ['2001:db8:1:2ff::', 56, '2001:db8:1:200:0:0:0:0/56'],
    ['2001:db8:ffff::1', 33, '2001:db8:8000:0:0:0:0:0/33'],
    ['2001:db8::ffff', 1, '0:0:0:0:0:0:0:0/1'],
    ['ffff::', 1, '8000:0:0:0:0:0:0:0/1'],
    ['::1', 128, '0:0:0:0:0:0:0:1/128'],
    ['::', 64, '0:0:0:0:0:0:0:0/64'],
    ['fe80::1%eth0', 64, 'fe80:0:0:0:0:0:0:0/64'],
    ['64:ff9b::192.0.2.33', 128, '64:ff9b:0:0:0:0:c000:221/128'],
    ['1:2:3:4:5:6:192.0.2.33', 96, '1:2:3:4:5:6:0:0/96'],
  ])('%s with /%i is %s', (address, prefixLength, expected) => {
    expect(groupIpv6(address, prefixLength)).toBe(expected);
  });

  it.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:255.255.255.255', '255.255.255.255'],
  ])('takes %s for the IPv4 address that it stands for', (mapped, expected) => {
    expect(groupIpv6(mapped, 64)).toBe(expected);
  });

  it.each(['192.0.2.1', '', 'unknown', '[2001:db8::1]:443', '2001:db8::1::2', 'a:b', ':'])(
    'leaves %p as it is',
    (other) => {
      expect(groupIpv6(other, 64)).toBe(other);
    },
  );

  it('groups each address of a list', () => {
    expect(groupIpv6('2001:db8::1,192.0.2.1,::ffff:192.0.2.2', 32)).toBe('2001:db8:0:0:0:0:0:0/32,192.0.2.1,192.0.2.2');
  });
});
