/**
 * Looks at a PACS that speaks DIMSE: whether it accepts an association, which SOP Classes and transfer syntaxes it
 * accepts, and whether it supports search and retrieval. Nothing is stored here.
 */
import { IMPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { parseDimseAddress, type DimseAddress } from '#shared/protocol/dimse-address.ts';
import {
  ASSOCIATION_REFUSED,
  AssociationFailed,
  UNKNOWN_CALLED_AE,
  UNKNOWN_CALLING_AE,
} from '../dimse/association-failed.ts';
import { withAssociation, type Association, type PeerSettings, type Wanted } from '../dimse/association.ts';
import { SUCCESS } from '../dimse/command-fields.ts';
import { echo, STUDY_ROOT_FIND, STUDY_ROOT_GET, VERIFICATION } from '../dimse/messages.ts';
import { COMMITMENT_PUSH } from '../ports/pacs/dimse-commitment.ts';
import { searchNothing } from '../ports/pacs/dimse-search.ts';
import { PacsDoesNotSearch } from '../ports/pacs/pacs.ts';
import { diagnose, type Finding } from './diagnoses.ts';
import { only, type Probe, type Visit } from './visit.ts';

/**
 * The limit for one answer. A PACS that takes longer for one small request is unusable, and the whole examination has
 * a minute.
 */
const ANSWER_MS = 8_000;

export const isDimse = (url: string): boolean => url.startsWith('dimse');

/** Throws if the URL is not a DIMSE address. */
function addressOf({ connection: { url } }: Visit): DimseAddress {
  const address = parseDimseAddress(url);
  if (address === null) throw new Error('the address is not one of DIMSE');
  return address;
}

export function peerOf(visit: Visit): PeerSettings {
  const { host, port, calledAE, callingAE, isTls } = addressOf(visit);
  const { ca, own = null, blocked } = visit.connection;
  const tls = isTls ? { ca, own } : null;
  return { host, port, calledAE, callingAE, tls, blocked, idleMs: ANSWER_MS };
}

/** The facts that every diagnosis uses. */
const factsOf = (visit: Visit) => {
  const { port, calledAE: called, callingAE: calling } = addressOf(visit);
  return { port, called, calling };
};

/** Checks whether the PACS accepts an association at all. */
export const ASSOCIATE: Probe = { isVital: true, run: associate };
export const SERVICES: Probe = { run: tryServices };
export const CONTEXTS: Probe = { run: tryContexts };

const inImplicit = (abstractSyntax: string): Wanted => ({
  abstractSyntax,
  transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN],
});

async function associate(visit: Visit): Promise<readonly Finding[]> {
  const contexts = [inImplicit(VERIFICATION)];
  return associated(visit, contexts, async (association) => [
    diagnose('association-accepted', factsOf(visit)),
    await lookAtEcho(association),
  ]);
}

/** Runs `work` in an association of its own. If there is none, the finding says why. */
async function associated(
  visit: Visit,
  contexts: readonly Wanted[],
  work: (association: Association) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await withAssociation(peerOf(visit), { contexts }, visit.signal, work);
  } catch (error) {
    if (!(error instanceof AssociationFailed)) throw error;
    return [failureOf(visit, error)];
  }
}

/** The finding for an association that was refused, or that ended early after it was accepted. */
function failureOf(visit: Visit, { connection: code }: AssociationFailed): Finding {
  const facts = { ...factsOf(visit), code };
  if (code === UNKNOWN_CALLED_AE) return diagnose('called-ae-unknown', facts);
  if (code === UNKNOWN_CALLING_AE) return diagnose('calling-ae-unknown', facts);
  return diagnose(code === ASSOCIATION_REFUSED ? 'association-refused' : 'association-fails', facts);
}

async function lookAtEcho(association: Association): Promise<Finding> {
  const context = association.contextOf(VERIFICATION);
  if (context?.result !== 0) return diagnose('echo-not-taken');
  const status = await echo(association, context);
  return status === SUCCESS ? diagnose('echoes') : diagnose('echo-refused', { status: inHex(status) });
}

async function tryServices(visit: Visit): Promise<readonly Finding[]> {
  const contexts = [STUDY_ROOT_FIND, STUDY_ROOT_GET, COMMITMENT_PUSH].map(inImplicit);
  return associated(visit, contexts, async (association) => {
    const takes = (service: string): boolean => association.contextOf(service)?.result === 0;
    const absent = visit.wants.commitment ? 'commitment-missing' : 'dimse-commitment-absent';
    return [
      takes(STUDY_ROOT_GET) ? diagnose('gets') : diagnose('get-refused', factsOf(visit)),
      diagnose(takes(COMMITMENT_PUSH) ? 'dimse-commitment-taken' : absent),
      await lookAtSearch(visit, association),
    ];
  });
}

/** Orthanc ends the association if it does not let the caller search. */
async function lookAtSearch(visit: Visit, association: Association): Promise<Finding> {
  const refused = (outcome: string) => diagnose('find-refused', { ...factsOf(visit), outcome });
  try {
    await searchNothing(association);
    return diagnose('finds');
  } catch (error) {
    if (error instanceof PacsDoesNotSearch) return refused(`status ${inHex(error.status ?? 0)}`);
    if (error instanceof AssociationFailed) return refused(error.connection);
    throw error;
  }
}

export const inHex = (status: number): string => `${status.toString(16).toUpperCase().padStart(4, '0')}H`;

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const EXPLICIT = { name: '', uid: '1.2.840.10008.1.2.1' };
const LOSSLESS = [
  { name: ' in JPEG Lossless', uid: '1.2.840.10008.1.2.4.70' },
  { name: ' in JPEG-LS', uid: '1.2.840.10008.1.2.4.80' },
  { name: ' in JPEG 2000', uid: '1.2.840.10008.1.2.4.90' },
];
/** SOP Classes of PS3.4 Table B.5-1 that most modalities need. */
const CLASSES = [
  { name: 'CT', uid: `${STORAGE}2` },
  { name: 'MR', uid: `${STORAGE}4` },
  { name: 'CR', uid: `${STORAGE}1` },
  { name: 'digital X-ray', uid: `${STORAGE}1.1` },
  { name: 'mammography', uid: `${STORAGE}1.2` },
  { name: 'ultrasound', uid: `${STORAGE}6.1` },
  { name: 'Secondary Capture', uid: `${STORAGE}7` },
  { name: 'PET', uid: `${STORAGE}128` },
  { name: 'Segmentation', uid: `${STORAGE}66.4` },
  { name: 'Comprehensive SR', uid: `${STORAGE}88.33` },
  { name: 'Encapsulated PDF', uid: `${STORAGE}104.1` },
];
const TRIED = [
  ...CLASSES.map((one) => ({ ...one, syntax: EXPLICIT })),
  ...LOSSLESS.map((syntax) => ({ ...CLASSES[0]!, syntax })),
];

async function tryContexts(visit: Visit): Promise<readonly Finding[]> {
  const contexts = TRIED.map(({ uid, syntax }) => ({ abstractSyntax: uid, transferSyntaxes: [syntax.uid] }));
  return associated(visit, contexts, async (association) => {
    const missing = TRIED.filter(({ uid, syntax }) => association.contextOf(uid, syntax.uid)?.result !== 0);
    if (missing.length === 0) return only('contexts-taken', { count: TRIED.length });
    if (missing.length === TRIED.length) return only('contexts-none', factsOf(visit));
    const named = missing.map(({ name, syntax }) => `${name}${syntax.name}`).join(', ');
    return only('contexts-missing', { ...factsOf(visit), missing: named });
  });
}
