/** In a row of a list: whose study it is and its day, asked of the PACS once the row is in sight. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { namesHidden } from '../kit/identities.ts';
import { caseWords } from './case-words.ts';
import { studyDaysOf, whoseSaid } from './say-patient.ts';
import { usePatients, type Asked } from './use-patients.ts';

/** Only for people who may see who the patient is. */
export function PatientLine({ caseId }: { readonly caseId: string }) {
  const line = useRef<HTMLSpanElement>(null);
  const [isSeen, setSeen] = useState(false);
  const [patients] = usePatients(caseId, isSeen);
  const isHidden = namesHidden.value;
  useEffect(() => {
    if (isSeen || isHidden) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    });
    observer.observe(line.current!);
    return () => observer.disconnect();
  }, [isSeen, isHidden]);
  if (isHidden) return null;
  return (
    <span ref={line} class="small kept">
      <bdi>{lineOf(patients)}</bdi>
    </span>
  );
}

function lineOf(patients: Asked): string {
  // The line keeps its height until the answer is there.
  if (patients === null) return '\u00a0';
  if (patients === 'failed') return caseWords.patient.failed;
  const whose = whoseSaid(patients) ?? caseWords.patient.unknown;
  return [whose, ...studyDaysOf(patients)].join(caseWords.separator);
}
