import { BlockList, isIP } from "node:net";

const notPublic: readonly [string, number, "ipv4" | "ipv6"][] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
];

/** 4 or 6 for an IP address, 0 for anything else. */
export function familyOf(address: string): number {
  return isIP(address);
}

/**
 * Whether an IP address lies on the public internet (IANA special-purpose registries). IPv6 counts as public only inside the
 * allocated 2000::/3, less the blocks that lead back to IPv4 or to documentation; so mapped and translated addresses never do.
 */
export function isPublicAddress(address: string): boolean {
  const family = familyOf(address);
  if (family === 4) return !blocks().special.check(address, "ipv4");
  if (family !== 6) return false;
  const { global, special } = blocks();
  return global.check(address, "ipv6") && !special.check(address, "ipv6");
}

function blocks(): { global: BlockList; special: BlockList } {
  const special = new BlockList();
  for (const [net, prefix, family] of notPublic) special.addSubnet(net, prefix, family);
  for (const [net, prefix] of [
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["3fff::", 20],
  ] as const) {
    special.addSubnet(net, prefix, "ipv6");
  }
  const global = new BlockList();
  global.addSubnet("2000::", 3, "ipv6");
  return { global, special };
}
