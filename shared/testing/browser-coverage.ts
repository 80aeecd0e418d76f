/**
 * Records the code that runs in a Chromium (pages, workers and service workers), by V8's block coverage. Only
 * `npm run lab -- coverage` asks for it, by naming a folder in RELAY_BROWSER_COVERAGE.
 *
 * It listens at a debugging port of its own, separate from Playwright's, and appends what it hears to a file
 * of that folder: one line a script, in the form of V8's `ScriptCoverage`. V8 counts from zero after each
 * question. The last moments of a closed page may be missing.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { freePort } from '../../scripts/system/ports.ts';

export type BrowserCoverage = {
  /** For Chromium's command line. */
  readonly flag: string;
  /** Once the browser runs. */
  begin(): Promise<void>;
  /** Asks once more, before the browser is closed. */
  collect(): Promise<void>;
};

const ASK_AGAIN_MS = 500;
const ATTACH = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
/** Targets that hold no script of ours: the browser's own tab and its window. */
const WITH_SCRIPTS = /^(page|iframe|worker|shared_worker|service_worker)$/;

type Message = {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: { sessionId: string; targetInfo: { type: string } };
  readonly result?: { readonly result?: readonly { readonly url: string }[] };
};

class Collector {
  readonly #socket: WebSocket;
  readonly #file: string;
  readonly #sessions = new Set<string>();
  readonly #answers = new Map<number, (message: Message | null) => void>();
  #lastId = 0;

  constructor(socket: WebSocket, file: string) {
    this.#socket = socket;
    this.#file = file;
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)) as Message);
    socket.onclose = () => {
      for (const answer of this.#answers.values()) answer(null);
      this.#sessions.clear();
    };
  }

  /** The answer; null when the browser is gone. */
  ask(method: string, params: object = {}, sessionId?: string): Promise<Message | null> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve(null);
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Message | null>();
    this.#answers.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    return promise;
  }

  #hear({ id, ...message }: Message): void {
    if (id !== undefined) {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
      return;
    }
    const { method, params } = message;
    if (method === 'Target.attachedToTarget') this.#attach(params!.sessionId, params!.targetInfo.type);
    if (method !== 'Target.detachedFromTarget') return;
    this.#sessions.delete(params!.sessionId);
  }

  /** In the order of the protocol: counting begins before the first line of the target runs. */
  #attach(session: string, type: string): void {
    if (WITH_SCRIPTS.test(type)) {
      this.#sessions.add(session);
      void this.ask('Profiler.enable', {}, session);
      void this.ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true }, session);
    }
    void this.ask('Target.setAutoAttach', ATTACH, session);
    void this.ask('Runtime.runIfWaitingForDebugger', {}, session);
  }

  async collect(): Promise<void> {
    const answers = [...this.#sessions].map((session) =>
      this.ask('Profiler.takePreciseCoverage', {}, session),
    );
    // A page blocked by a dialog does not answer.
    const taken = await Promise.race([Promise.all(answers), after(5_000, [])]);
    const scripts = taken.flatMap((answer) => answer?.result?.result ?? []);
    const lines = scripts.filter(({ url }) => url.startsWith('http')).map((script) => JSON.stringify(script));
    if (lines.length > 0) appendFileSync(this.#file, `${lines.join('\n')}\n`);
  }

  async keepCollecting(): Promise<void> {
    while (this.#socket.readyState === WebSocket.OPEN) {
      await this.collect();
      await after(ASK_AGAIN_MS, undefined, { ref: false });
    }
  }
}

async function connect(port: number): Promise<WebSocket> {
  for (;;) {
    const answer = await ignoreFailure(
      fetch(`http://127.0.0.1:${port}/json/version`),
      'it is still starting',
    );
    if (answer === undefined) {
      await after(20);
      continue;
    }
    const { webSocketDebuggerUrl } = (await answer.json()) as { webSocketDebuggerUrl: string };
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error('Chromium does not answer at its debugging port'));
    });
    return socket;
  }
}

/** Null where nobody asks for it. */
export async function createBrowserCoverage(
  folder: string | undefined = process.env.RELAY_BROWSER_COVERAGE,
): Promise<BrowserCoverage | null> {
  if (folder === undefined) return null;
  const port = await freePort();
  let collector: Collector | null = null;
  return {
    flag: `--remote-debugging-port=${port}`,
    async begin() {
      collector = new Collector(await connect(port), join(folder, `${process.pid}-${port}.ndjson`));
      await collector.ask('Target.setAutoAttach', ATTACH);
      void collector.keepCollecting();
    },
    collect: async () => collector?.collect(),
  };
}
