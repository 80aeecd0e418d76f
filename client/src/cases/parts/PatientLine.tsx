/**
 * The patient and the date of a study, in a row of a list and on the page of a study. The PACS is asked once the line
 * is visible.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { namesHidden } from '../../kit/identities.ts';
import { useApi } from '../../net/net-context.ts';
import { caseWords } from './case-words.ts';
import { createManyPatients, type ManyPatients, type Subject } from './many-patients.ts';
import { studyDaysOf, whoseSaid } from './say-patient.ts';
import { createPatients, type Patients } from './use-patients.ts';

/** The patients of a list, shared by all its rows. */
export function useManyPatients(): ManyPatients {
  const api = useApi();
  const [patients] = useState(() => createManyPatients(api));
  return patients;
}

type PatientLineProps = { readonly subject: Subject; readonly patients: ManyPatients };

/** Only for people who may see who the patient is. */
export function PatientLine({ subject: { kind, id }, patients }: PatientLineProps) {
  const line = useRef<HTMLSpanElement>(null);
  const [isSeen, setSeen] = useState(false);
  const told = useMemo(createPatients, [kind, id]);
  const isHidden = namesHidden.value;
  useEffect(() => {
    if (isSeen || isHidden) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    });
    observer.observe(line.current!);
    return () => observer.disconnect();
  }, [isSeen, isHidden]);
  useEffect(() => {
    if (isSeen && !isHidden) void told.ask(() => patients.of({ kind, id }));
    return told.forget;
  }, [told, isSeen, isHidden]);
  if (isHidden) return null;
  return (
    <span ref={line} class="small kept">
      <bdi>{lineOf(told.answer.value)}</bdi>
    </span>
  );
}

/** For the page of a single study. */
export function PatientLineOf({ studyInstanceUID: id }: { readonly studyInstanceUID: string }) {
  const patients = useManyPatients();
  return <PatientLine subject={{ kind: 'studies', id }} patients={patients} />;
}

function lineOf(told: Patients['answer']['value']): string {
  // Keeps the height of the line until the answer arrives.
  if (told.state === 'loading') return '\u00a0';
  if (told.state === 'failed') return caseWords.patient.failed;
  const whose = whoseSaid(told.value) ?? caseWords.patient.unknown(told);
  return [whose, ...studyDaysOf(told.value)].join(caseWords.separator);
}
