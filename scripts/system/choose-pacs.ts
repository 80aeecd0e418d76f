/**
 * Chooses the PACS that `npm start` uses, in this order: the one that PACS_URL names; Orthanc in a container
 * where an engine answers; an installed Orthanc; Debian's packages where they can be installed. Nothing is
 * faked: when none can be had, the answer says what to do.
 */
import { installCommand, installDebianPackages } from './debian-packages.ts';
import { keepAlive } from './keep-alive.ts';
import { doesEngineAnswer, startContainer } from './orthanc-container.ts';
import { findOrthanc, startOrthanc } from './orthanc.ts';
import type { OrthancProgram } from './orthanc.ts';
import { whyPortIsTaken } from './ports.ts';

export type ChosenPacs = {
  /** The DICOMweb root. */
  readonly url: string;
  readonly authorization: string | null;
  /** In a few words for the person at the terminal. */
  readonly description: string;
  /** Ends what was started for it; nothing for a PACS that was there before. */
  stop(): Promise<void>;
};

export type PacsRequest = {
  readonly given: { readonly url: string; readonly authorization: string | null } | null;
  /** `pacs/` in the data directory. */
  readonly folder: string;
  readonly port: number;
  readonly say: (line: string) => void;
  /** Gives up what is not ready yet. */
  readonly signal: AbortSignal;
  /** Called at each start of a process that a later `npm start` must recognise. */
  readonly onProcess: (pid: number) => Promise<void>;
};

export const ORTHANC_PACKAGES = {
  packages: ['orthanc', 'orthanc-dicomweb'],
  services: ['orthanc'],
  purpose: 'Orthanc (the PACS)',
};

async function startProgram(
  program: OrthancProgram,
  { folder, port, say, signal: giveUp, onProcess }: PacsRequest,
): Promise<ChosenPacs> {
  const taken = await whyPortIsTaken(port, 'RELAY_PACS_PORT');
  if (taken !== null) throw new Error(taken);
  let authorization = '';
  let url = '';
  const kept = await keepAlive({
    name: 'Orthanc',
    say,
    async start(signal) {
      const orthanc = await startOrthanc({
        folder,
        port,
        program,
        say,
        signal: AbortSignal.any([signal, giveUp]),
        onSpawn: onProcess,
      });
      ({ authorization, url } = orthanc);
      return orthanc;
    },
  });
  return { url, authorization, description: 'Orthanc on this machine', stop: () => kept.stop() };
}

function whatToDo(because: string): string {
  return [
    `RelayPACS needs a PACS, and none can be had: ${because}.`,
    'Do one of these and run `npm start` again:',
    `  - Debian, Ubuntu:   sudo ${installCommand(ORTHANC_PACKAGES.packages)}`,
    '  - with containers:  start Docker (RelayPACS then runs Orthanc in a container)',
    '  - your own PACS:    PACS_URL=https://pacs.example.org/dicom-web PACS_AUTHORIZATION="Bearer …" npm start',
    '  - other systems:    install Orthanc with its DICOMweb plugin, https://orthanc.uclouvain.be/book/users/installation.html',
  ].join('\n');
}

/** Orthanc on this machine, installed where it is missing. @throws Error that says what to do if it cannot be had. */
async function bringOrthanc(signal: AbortSignal): Promise<OrthancProgram> {
  const installed = await findOrthanc();
  if (installed) return installed;
  const outcome = await installDebianPackages(ORTHANC_PACKAGES, signal);
  signal.throwIfAborted();
  if (outcome.kind === 'unavailable') throw new Error(whatToDo(outcome.because));
  const program = await findOrthanc();
  if (!program) throw new Error(whatToDo('the packages were installed, but Orthanc was not found'));
  return program;
}

/** Brings what `choosePacs` will start. `isGiven`: PACS_URL names a PACS. @throws as `bringOrthanc`,
 * and the reason of the signal. */
export async function bringPacs(isGiven: boolean, signal: AbortSignal): Promise<void> {
  if (!isGiven && !(await doesEngineAnswer())) await bringOrthanc(signal);
}

/**
 * Chooses and starts the PACS. @throws Error that says what to do if there is none, or why Orthanc does not
 * start.
 */
export async function choosePacs(request: PacsRequest): Promise<ChosenPacs> {
  if (request.given)
    return { ...request.given, description: 'the PACS that PACS_URL names', stop: async () => undefined };
  if (await doesEngineAnswer()) {
    try {
      return { ...(await startContainer(request)), description: 'Orthanc in a container' };
    } catch (error) {
      request.signal.throwIfAborted();
      request.say(
        `Orthanc did not start in a container (${(error as Error).message.split('\n')[0]}); trying without one.`,
      );
    }
  }
  return startProgram(await bringOrthanc(request.signal), request);
}
