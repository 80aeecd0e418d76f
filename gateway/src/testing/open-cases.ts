/** Studies in the PACS of a test gateway, of patients that the test names, and cases about them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Case, CaseAttachments, CaseNotes } from '#shared/protocol/cases.ts';
import type { Destination } from '#shared/protocol/destination.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import { until } from '#testing/gateway-under-test.ts';
import { createCaseSeal, type CaseSeal } from '../cases/case-seal.ts';
import { PRINTS } from '../cases/cases.feature.ts';
import { openKeys } from '../keys.ts';
import { createStudyKeys } from '../pipeline/stores/study-key.ts';
import type { DescribedStudy } from '../ports/pacs/pacs.ts';
import { askOf, sendStudy } from './open-film.ts';
import {
  openTestGateway,
  type CallOptions,
  type TestGateway,
  type TestGatewayOptions,
} from './open-gateway.ts';
import { openTestPacs, type TestPacs } from './open-pacs.ts';
import { testFilm, type FilmOptions } from './open-subject.ts';

/** Of a study of which the PACS says nothing. */
export const NOBODY: Omit<DescribedStudy, 'studyInstanceUID'> = {
  patientName: null,
  patientId: null,
  issuer: null,
  birthDate: null,
  sex: null,
  accessionNumber: null,
  studyDate: null,
  description: null,
};

export type PacsGateway = TestGateway & { readonly pacs: TestPacs; readonly folder: string };

/** A gateway in a folder of its own, with a PACS that does as it is told. */
export async function openPacsGateway(
  pacs = openTestPacs(),
  options: TestGatewayOptions = {},
): Promise<PacsGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-'));
  const gateway = await openTestGateway({ ...options, pacs, folder });
  const close = async (): Promise<void> => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...gateway, pacs, folder, close };
}

/** The seal of cases as the gateway in this folder has it. */
export function caseSealIn(folder: string): CaseSeal {
  const keys = openKeys(join(folder, 'keys'));
  return createCaseSeal(createStudyKeys(keys.wrapKey, join(folder, 'keys', 'cases')), keys.secretFor(PRINTS));
}

/** The code of the refusal; the status where it is none. */
export async function codeOf(gateway: TestGateway, request: string, options: CallOptions): Promise<string> {
  const [method = '', path = ''] = request.split(' ');
  const answer = await gateway.call(method, path, options);
  const { code } = ((await answer.json().catch(() => null)) ?? {}) as { code?: string };
  return code ?? `${answer.status}`;
}

/** The answer's JSON; throws where the status is another one than expected. */
export async function jsonOf<T>(
  gateway: TestGateway,
  request: string,
  options: CallOptions & { readonly status?: number },
): Promise<T> {
  const [method = '', path = ''] = request.split(' ');
  const answer = await gateway.call(method, path, options);
  const text = await answer.text();
  if (answer.status !== (options.status ?? 200)) throw new Error(`${request}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** `ofStudy`: the seed of the film whose study it is sent under. */
type Delivered = Partial<DescribedStudy> & {
  readonly token: string;
  readonly seed: number;
  readonly ofStudy?: number;
  /** The answer of the sending device's own check. */
  readonly triage?: DeviceTriage;
  /** Further elements of the film's header. */
  readonly more?: FilmOptions['more'];
};

/** Sends a film and waits until it is in the PACS, which then says this of it. Returns its Study Instance UID. */
export async function deliverStudy(
  gateway: TestGateway & { readonly pacs: TestPacs },
  { token, seed, ofStudy = seed, triage, more = [], ...said }: Delivered,
): Promise<string> {
  const film = testFilm({ seed, ofStudy, more });
  const { studyInstanceUID, sopInstanceUID } = film.identifiers;
  gateway.pacs.studies.push({ ...NOBODY, ...said, studyInstanceUID });
  const uploadId = await sendStudy(askOf(gateway), token, [film], triage);
  await until('the study to be in the PACS, and done', async () => {
    const { rows: open } = await sql`select from upload u join study s on s.id = u.study_id
      where u.id = ${uploadId} and s.state <> 'closed'`.execute(gateway.database.db);
    return open.length === 0 && gateway.pacs.held.has(sopInstanceUID);
  });
  return studyInstanceUID;
}

export async function openTestCase(
  gateway: TestGateway,
  token: string,
  body: Record<string, unknown>,
): Promise<Case> {
  return jsonOf(gateway, 'POST /cases', { token, body: { title: 'A case', ...body }, status: 201 });
}

type By = { readonly token: string };

/** By DICOMweb, without a password, unless it says otherwise. */
export const makeDestination = (gateway: TestGateway, as: By, of: object): Promise<Destination> => {
  const body = { kind: 'dicomweb', authentication: { kind: 'none' }, ca: null, certificate: null, ...of };
  return jsonOf(gateway, 'POST /admin/destinations', { ...as, body, status: 201 });
};

export const noteOn = (gateway: TestGateway, as: By, caseId: string, text: string): Promise<CaseNotes> =>
  jsonOf(gateway, `POST /cases/${caseId}/notes`, { ...as, body: { text }, status: 201 });

export async function attachTo(
  gateway: TestGateway,
  as: By,
  caseId: string,
  { name, bytes = '%PDF-1.7' }: { readonly name: string; readonly bytes?: string },
): Promise<CaseAttachments> {
  const form = new FormData();
  form.set('name', name);
  form.set('file', new Blob([bytes]));
  return jsonOf(gateway, `POST /cases/${caseId}/attachments`, { ...as, form, status: 201 });
}

/** Adds this study to the case, even if the PACS lacks it. */
export const giveStudy = ({ database, now }: TestGateway, caseId: string, study: string): Promise<unknown> =>
  sql`insert into case_study (case_id, site_id, study_instance_uid, added_at)
    select id, site_id, ${study}, ${now()} from case_record where id = ${caseId}`.execute(database.db);
