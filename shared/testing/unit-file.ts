/** The unit file of systemd as its tests read it, and systemd's own programs, which need no running systemd. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const UNIT = fileURLToPath(new URL('../../scripts/service/relaypacs.service', import.meta.url));

/** Whether `systemd-analyze` and `systemd-notify` are there; null: not. */
export function findSystemd(): true | null {
  const isThere = ['systemd-analyze', 'systemd-notify'].every(
    (name) => !spawnSync(name, ['--version']).error,
  );
  return isThere || null;
}

/** All values of each directive, in their order (systemd.syntax(7)), with these specifiers filled in. */
export function readUnit(specifiers: Readonly<Record<string, string>> = {}): Map<string, readonly string[]> {
  const unit = new Map<string, readonly string[]>();
  for (const line of readFileSync(UNIT, 'utf8').split('\n')) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const filled = value!.replace(/%(\w)/g, (whole, letter: string) => specifiers[letter] ?? whole);
    unit.set(name, [...(unit.get(name) ?? []), filled]);
  }
  return unit;
}
