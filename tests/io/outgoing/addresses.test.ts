import { describe, expect, test } from 'vitest'
import { isLoopbackAddress, isPublicAddress } from '../../../io/outgoing/addresses.ts'

describe('an address is public', () => {
  test.each(['1.1.1.1', '8.8.8.8', '172.15.255.255', '172.32.0.1', '100.63.255.255', '192.0.1.1', '223.255.255.255'])(
    '%s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )
  test.each(['2606:4700:4700::1111', '2a00:1450:4001:81b::200e', '2001:4860:4860::8888'])('%s', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  )
})

// https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-: first and last address of each block.
describe('an address is not public', () => {
  test.each([
    ['this network', '0.0.0.0', '0.255.255.255'],
    ['private', '10.0.0.0', '10.255.255.255'],
    ['shared by a carrier', '100.64.0.0', '100.127.255.255'],
    ['loopback', '127.0.0.0', '127.255.255.255'],
    ['link-local', '169.254.0.0', '169.254.255.255'],
    ['private', '172.16.0.0', '172.31.255.255'],
    ['protocol assignments', '192.0.0.0', '192.0.0.255'],
    ['documents', '192.0.2.0', '192.0.2.255'],
    ['private', '192.168.0.0', '192.168.255.255'],
    ['benchmarks', '198.18.0.0', '198.19.255.255'],
    ['documents', '198.51.100.0', '203.0.113.255'],
    ['multicast', '224.0.0.0', '239.255.255.255'],
    ['reserved, broadcast', '240.0.0.0', '255.255.255.255'],
    ['metadata of clouds', '169.254.169.254', '100.100.100.200'],
    ['unspecified, loopback', '::', '::1'],
    ['IPv4-mapped', '::ffff:127.0.0.1', '::ffff:8.8.8.8'],
    ['IPv4-mapped in hex', '::ffff:7f00:1', '::ffff:a9fe:a9fe'],
    ['IPv4-compatible', '::127.0.0.1', '::10.0.0.1'],
    ['NAT64', '64:ff9b::127.0.0.1', '64:ff9b:1::a00:1'],
    ['discard', '100::', '100::1'],
    ['Teredo, ORCHID', '2001::1', '2001:20::1'],
    ['documents', '2001:db8::1', '3fff:fff::1'],
    ['6to4 of 127.0.0.1, of 10.0.0.1', '2002:7f00:1::', '2002:a00:1::'],
    ['unique local', 'fc00::1', 'fdff::1'],
    ['link-local, with a zone', 'fe80::1', 'fe80::1%eth0'],
    ['metadata of a cloud', 'fd00:ec2::254', 'fd20:ce::254'],
    ['multicast', 'ff02::1', 'ff0e::1'],
    ['no address', 'localhost', ''],
    ['a public one with a zone', '2606:4700::1%eth0', '1.1.1.1%0'],
  ])('%s', (_, first, last) => expect([isPublicAddress(first), isPublicAddress(last)]).toEqual([false, false]))
})

test('loopback is 127.0.0.0/8 and ::1', () => {
  expect(['127.0.0.1', '127.255.255.254', '::1'].map(isLoopbackAddress)).toEqual([true, true, true])
  expect(['126.0.0.1', '128.0.0.1', '::2', '::', 'localhost', '10.0.0.1', '169.254.1.1'].some(isLoopbackAddress)).toBe(
    false,
  )
})
