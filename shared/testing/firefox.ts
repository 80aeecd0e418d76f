/** Firefox without a window, driven through WebDriver BiDi (W3C), with an empty profile of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createDrivenPage, type DrivenPage, type Driver } from './driven-browser.ts';
import { PATIENCE_MS } from './environment.ts';

type Answer = {
  readonly id?: number;
  readonly type: string;
  readonly result?: unknown;
  readonly message?: string;
};
type Bidi = {
  send<T>(method: string, params: object): Promise<T>;
  close(): void;
};

/** Commands over one WebSocket, each answered by its number. */
async function connectBidi(url: string): Promise<Bidi> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`nothing answers at ${url}`)), { once: true });
  });
  return {
    async send<T>(method: string, params: object) {
      last += 1;
      const id = last;
      const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ id, method, params }));
      const { type, result, message } = await answered;
      if (type === 'error') throw new Error(`${method}: ${message}`);
      return result as T;
    },
    close: () => socket.close(),
  };
}

/** The address at which it listens, which it prints on stderr. */
async function listeningAt(firefox: ChildProcess): Promise<string> {
  const lines: string[] = [];
  const found = Promise.withResolvers<string>();
  createInterface({ input: firefox.stderr! }).on('line', (line) => {
    lines.push(line);
    const [, url] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
    if (url) found.resolve(url);
  });
  firefox.once('exit', () => found.reject(new Error(`Firefox ended at its start: ${lines.join('\n')}`)));
  firefox.once('error', (error) => found.reject(error));
  const late = setTimeout(
    () => found.reject(new Error(`Firefox does not listen: ${lines.join('\n')}`)),
    PATIENCE_MS,
  );
  return found.promise.finally(() => clearTimeout(late));
}

type Evaluated = {
  readonly type: 'success' | 'exception';
  readonly result: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
};

function createDriver(bidi: Bidi, context: string, version: string, close: () => Promise<void>): Driver {
  const target = { context };
  return {
    version,
    close,
    async navigate(url) {
      await bidi.send('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    async evaluate(expression) {
      const { type, result, exceptionDetails } = await bidi.send<Evaluated>('script.evaluate', {
        expression: `(async () => JSON.stringify((await ${expression}) ?? null))()`,
        target,
        awaitPromise: true,
      });
      if (type === 'exception') throw new Error(exceptionDetails?.text);
      return JSON.parse(result.value ?? 'null');
    },
    async perform(actions) {
      await bidi.send('input.performActions', { context, actions: [actions] });
    },
    async setFiles(selector, files) {
      const { nodes } = await bidi.send<{ nodes: { sharedId: string }[] }>('browsingContext.locateNodes', {
        context,
        locator: { type: 'css', value: selector },
        maxNodeCount: 1,
      });
      await bidi.send('input.setFiles', { context, element: { sharedId: nodes[0]!.sharedId }, files });
    },
  };
}

/** @throws Error that says why it does not start. */
export async function openFirefox(program: string): Promise<DrivenPage> {
  const profile = await mkdtemp(join(tmpdir(), 'relay-firefox-'));
  const args = [
    '--headless',
    '--no-remote',
    '--profile',
    profile,
    '--remote-debugging-port',
    '0',
    'about:blank',
  ];
  const firefox = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile },
  });
  const close = async (): Promise<void> => {
    if (firefox.exitCode === null && firefox.signalCode === null && firefox.kill('SIGKILL'))
      await once(firefox, 'exit');
    await rm(profile, { recursive: true, force: true });
  };
  try {
    const bidi = await connectBidi(`${await listeningAt(firefox)}/session`);
    const { capabilities } = await bidi.send<{ capabilities: { browserVersion: string } }>('session.new', {
      capabilities: {},
    });
    const { contexts } = await bidi.send<{ contexts: { context: string }[] }>('browsingContext.getTree', {});
    const version = `Firefox ${capabilities.browserVersion}`;
    return createDrivenPage(
      createDriver(bidi, contexts[0]!.context, version, async () => {
        bidi.close();
        await close();
      }),
    );
  } catch (error) {
    await close();
    throw error;
  }
}
