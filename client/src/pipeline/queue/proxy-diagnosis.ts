/**
 * What stands between the device and the gateway and does harm, in words: nobody finds a proxy by looking at
 * a tablet. The sending goes on in spite of each of them; saying so is for whoever can mend it.
 */
import type { Diagnosis } from './queued-study.ts';

export const DIAGNOSES: Readonly<Record<Diagnosis, { readonly title: string; readonly next: string }>> = {
  'proxy-limits-size': {
    title: 'A proxy on the way refuses large requests, so the study travels in small pieces.',
    next: 'It arrives, only slower. Have the administrator raise the proxy’s limit for request bodies.',
  },
  'proxy-cuts-long-requests': {
    title: 'A proxy on the way ends requests that take long, so the study travels in short pieces.',
    next: 'It arrives, only slower. Have the administrator raise the proxy’s time limit for requests.',
  },
  'proxy-buffers': {
    title:
      'A proxy on the way holds requests back until they are whole: what is cut in the middle has to be sent again.',
    next: 'It arrives, only slower. Have the administrator switch off request buffering in the proxy.',
  },
  'proxy-answers': {
    title: 'Something else on this network answers in the gateway’s place: a sign-in page, or a proxy.',
    next: 'Everything is safe on this device. Open any web page, sign in to the network there, or tell the administrator.',
  },
};
