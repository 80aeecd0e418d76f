/**
 * PGlite's files, so that they outlive a power cut. PostgreSQL says what must be on the disk and when
 * (fsync); PGlite's own file system passes none of it on. Here it is passed on, with one difference: the end
 * of a commit does not hold up the whole process. What the log holds is synced beside the running work, many
 * commits at once, and who commits waits for it (`flushed`).
 *
 * [Note: the log first] PostgreSQL writes a page only after the log that explains it is on the disk; else a
 * power cut could leave a page of a transaction that never was. So whatever changes a file other than the log
 * first waits for the log, and every other sync is done on the spot.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** How a path, a file's or a folder's, comes to the disk. A test has a disk of its own. */
export type Disk = { sync(path: string): Promise<void>; syncNow(path: string): void };

export const REAL_DISK: Disk = {
  async sync(path) {
    const file = await open(path, 'r');
    await file.sync().finally(() => file.close());
  },
  syncNow(path) {
    const file = openSync(path, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
};

/** What of Emscripten's NODEFS is used here (src/library_nodefs.js). */
type Node = { readonly name: string; readonly parent: Node };
type Stream = { readonly node: Node };
type Operations<Subject> = Record<string, (subject: Subject, ...more: unknown[]) => unknown>;
type NodeFiles = {
  readonly node_ops: Operations<Node>;
  readonly stream_ops: Operations<Stream>;
  realPath(node: Node): string;
  tryFSOperation<T>(run: () => T): T;
};

/** A segment of the log; under any other name (`xlogtemp.1`) it is not one yet. */
const isLog = ({ name, parent }: Node): boolean => parent.name === 'pg_wal' && /^[0-9A-F]{24}$/.test(name);
/** What changes a file or a name. */
const CHANGES_OF_NODES = ['setattr', 'rename', 'unlink', 'rmdir'];

export class DurableFiles extends NodeFS {
  readonly #disk: Disk;
  /** Segments of the log that PostgreSQL wants on the disk, and those that are on their way there. */
  readonly #wanted = new Set<string>();
  #underWay: readonly string[] = [];
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(folder: string, disk: Disk = REAL_DISK) {
    super(folder);
    this.#disk = disk;
  }

  override async init(pglite: PGlite, options: Parameters<NodeFS['init']>[1]): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pglite, options);
    return {
      emscriptenOpts: {
        ...emscriptenOpts,
        preRun: [
          ...(emscriptenOpts.preRun ?? []),
          ({ NODEFS }) => this.#guard(NODEFS as unknown as NodeFiles),
        ],
      },
    };
  }

  /**
   * Resolves when all that was committed before would outlive a power cut. Throws when the disk fails to keep
   * it: from then on always, for what a disk once failed to write it may call written the next time.
   */
  async flushed(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#wanted.size > 0) this.#next ??= this.#syncAfter(this.#running);
    await (this.#next ?? this.#running);
  }

  async #syncAfter(running: Promise<void> | null): Promise<void> {
    await running;
    this.#running = this.#syncWanted();
    this.#next = null;
    await this.#running;
  }

  async #syncWanted(): Promise<void> {
    this.#underWay = [...this.#wanted];
    this.#wanted.clear();
    try {
      await Promise.all(this.#underWay.map((path) => this.#disk.sync(path)));
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
    this.#underWay = [];
    this.#running = null;
  }

  /** The log, before anything else changes. */
  #logFirst(): void {
    for (const path of new Set([...this.#underWay, ...this.#wanted])) this.#disk.syncNow(path);
    this.#wanted.clear();
    this.#underWay = [];
  }

  #guard(files: NodeFiles): void {
    const { node_ops: ofNodes, stream_ops: ofStreams } = files;
    for (const name of CHANGES_OF_NODES) {
      const change = ofNodes[name]!;
      ofNodes[name] = (...args) => {
        files.tryFSOperation(() => this.#logFirst());
        return change(...args);
      };
    }
    const write = ofStreams['write']!;
    ofStreams['write'] = (stream, ...more) => {
      if (!isLog(stream.node)) files.tryFSOperation(() => this.#logFirst());
      return write(stream, ...more);
    };
    ofStreams['fsync'] = ({ node }) => {
      const path = files.realPath(node);
      if (isLog(node)) this.#wanted.add(path);
      else files.tryFSOperation(() => this.#disk.syncNow(path));
      return 0;
    };
  }
}
