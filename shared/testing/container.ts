/**
 * Images and containers by buildah and podman, with a storage of their own in a folder and no engine that runs. The
 * flags are those with which both work inside another container: no crun, no cgroups of systemd, vfs as the storage.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PROGRAMS = ['mmdebstrap', 'buildah', 'podman', 'runc'];

/** Whether all programs are there; null: one is missing. */
export const findContainerPrograms = (): true | null =>
  PROGRAMS.every((name) => !spawnSync(name, ['--version']).error) || null;

export type Containers = {
  /** Runs a program with this storage: what it printed. @throws Error with its words. */
  run(program: string, ...words: readonly string[]): Promise<string>;
  podman(...words: readonly string[]): Promise<string>;
};

/** The limits of a machine where podman may not raise its own. */
export const RUN_FLAGS = ['--ulimit', 'nofile=2048:2048', '--ulimit', 'nproc=1024:1024'] as const;

export async function openContainers(folder: string): Promise<Containers> {
  const conf = join(folder, 'storage.conf');
  await mkdir(folder, { recursive: true });
  const places = `graphroot = "${join(folder, 'storage')}"\nrunroot = "${join(folder, 'run')}"\n`;
  await writeFile(conf, `[storage]\ndriver = "vfs"\n${places}`);
  const env = { ...process.env, TMPDIR: folder, CONTAINERS_STORAGE_CONF: conf, STORAGE_DRIVER: 'vfs' };
  const run = (program: string, ...words: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(program, words, { env, maxBuffer: 64 * 1024 ** 2 }, (error, out, said) =>
        error ? reject(new Error(`${program} ${words.join(' ')}\n${out}${said}`)) : resolve(out.trim()),
      );
    });
  const podman = (...words: readonly string[]): Promise<string> =>
    run('podman', '--runtime', 'runc', '--cgroup-manager=cgroupfs', ...words);
  return { run, podman };
}
