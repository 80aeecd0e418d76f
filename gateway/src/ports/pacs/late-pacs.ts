/**
 * A PACS that has not answered yet: the matching adapter is chosen when it is first needed, so that a gateway starts
 * while its PACS is down. Until then everything throws PacsUnreachable, as it does when the PACS is down later.
 */
import { openPacs } from './orthanc-pacs.ts';
import type { Pacs } from './pacs.ts';
import type { PacsSettings } from './pacs-http.ts';
import { createStowPacs, type WebPacs } from './stow-pacs.ts';

/**
 * `storeAnotherWay`, `digestsOf` and `removeStudy` are missing until the PACS has answered. Callers use them only after
 * a refusal or a search, which is an answer.
 */
export function createLatePacs(settings: PacsSettings): Pacs {
  let found: WebPacs | null = null;
  const pacs = async (signal: AbortSignal): Promise<WebPacs> => (found ??= await openPacs(settings, signal));
  const commitment = settings.commitment === true;
  return {
    describe: () => createStowPacs(settings).describe(),
    storeInstances: async (study, instances, signal) =>
      (await pacs(signal)).storeInstances(study, instances, signal),
    findStudy: async (study, signal, enough) => (await pacs(signal)).findStudy(study, signal, enough),
    findInstances: async (uids, signal, study) => (await pacs(signal)).findInstances(uids, signal, study),
    readBack: async (where, bytes, signal, promised) =>
      (await pacs(signal)).readBack(where, bytes, signal, promised),
    fetchInstance: async (where, maxBytes, signal) =>
      (await pacs(signal)).fetchInstance(where, maxBytes, signal),
    streamInstance: async (where, signal, read) => (await pacs(signal)).streamInstance!(where, signal, read),
    describeStudy: async (study, limit, signal) => (await pacs(signal)).describeStudy(study, limit, signal),
    searchStudies: async (key, limit, signal) => (await pacs(signal)).searchStudies(key, limit, signal),
    givesInstances: async (signal) => (await pacs(signal)).givesInstances(signal),
    probe: async (signal) => (await pacs(signal)).probe(signal),
    askCommitment: commitment
      ? async (wish, signal) => (await pacs(signal)).askCommitment?.(wish, signal) ?? null
      : undefined,
    checkCommitment: commitment
      ? async (transactionUID, signal) =>
          (await pacs(signal)).checkCommitment?.(transactionUID, signal) ?? null
      : undefined,
    web: {
      get: async (path, accept, signal) => (await pacs(signal)).web.get(path, accept, signal),
      takesLists: async (signal) => (await pacs(signal)).web.takesLists(signal),
    },
    get digestsOf() {
      return found?.digestsOf ?? null;
    },
    get removeStudy() {
      return found?.removeStudy;
    },
    get storeAnotherWay() {
      return found?.storeAnotherWay ?? null;
    },
  };
}
