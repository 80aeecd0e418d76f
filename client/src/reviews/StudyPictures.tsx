/** The images of a case beside its form, one at a time, on black in both themes. */
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../kit/Icon.tsx';
import { useLate } from '../kit/use-late.ts';
import { problemOf } from '../net/api-client.ts';
import { useApi } from '../net/net-context.ts';
import { OpenInViewer } from '../viewer/OpenInViewer.tsx';
import { reviewWords } from './review-words.ts';
import { listPath, picturePath, readPictures, type StudyPicture } from './study-pictures.ts';

const words = reviewWords.picture;
type Found = readonly StudyPicture[] | 'loading' | 'failed';

export function StudyPictures({ studies }: { readonly studies: readonly string[] }) {
  const api = useApi();
  const [found, setFound] = useState<Found>('loading');
  const [at, setAt] = useState(0);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const closed = new AbortController();
    const ask = async () => {
      setFound('loading');
      const lists = await Promise.all(
        studies.map(async (study) => {
          const headers = { accept: 'application/dicom+json' };
          const response = await api.send(listPath(study), { headers, signal: closed.signal });
          if (!response.ok) throw await problemOf(response);
          return readPictures(study, response.status === 204 ? [] : await response.json());
        }),
      );
      setFound(lists.flat());
    };
    ask().catch(() => !closed.signal.aborted && setFound('failed'));
    return () => closed.abort();
  }, [studies.join(), tries]);
  const pictures = Array.isArray(found) ? (found as readonly StudyPicture[]) : [];
  const shown = pictures[Math.min(at, pictures.length - 1)];
  const late = useLate(found === 'loading');
  const move = (by: number) => setAt(Math.max(0, Math.min(pictures.length - 1, at + by)));
  return (
    <section class="stack-tight review-pictures" aria-label={words.label}>
      <div class="review-picture">
        {shown && (
          <Picture key={shown.sopInstanceUID} picture={shown} alt={words.alt(at + 1, pictures.length)} />
        )}
        {!shown && (
          <p class="picture-said small" role="status">
            {found === 'loading' ? late && words.loading : found === 'failed' ? words.missing : words.none}
          </p>
        )}
      </div>
      <div class="row">
        {found === 'failed' && (
          <button type="button" class="button" onClick={() => setTries(tries + 1)}>
            {words.again}
          </button>
        )}
        {pictures.length > 1 && <Pager at={at} count={pictures.length} onMove={move} />}
      </div>
      {studies[0] !== undefined && <OpenInViewer studyInstanceUID={shown?.studyInstanceUID ?? studies[0]} />}
    </section>
  );
}

type PagerProps = { readonly at: number; readonly count: number; readonly onMove: (by: number) => void };

function Pager({ at, count, onMove }: PagerProps) {
  return (
    <>
      <button
        type="button"
        class="button"
        aria-label={words.previous}
        disabled={at === 0}
        onClick={() => onMove(-1)}
      >
        <span class="flipped">
          <Icon name="chevron" size={16} turns />
        </span>
      </button>
      <span class="small numbers">{words.alt(at + 1, count)}</span>
      <button
        type="button"
        class="button"
        aria-label={words.next}
        disabled={at === count - 1}
        onClick={() => onMove(1)}
      >
        <Icon name="chevron" size={16} turns />
      </button>
    </>
  );
}

/** Its address lives as long as it is shown. */
function Picture({ picture, alt }: { readonly picture: StudyPicture; readonly alt: string }) {
  const api = useApi();
  const [address, setAddress] = useState<string | 'failed' | null>(null);
  const late = useLate(address === null);
  useEffect(() => {
    const closed = new AbortController();
    let made: string | null = null;
    const ask = async () => {
      const headers = { accept: 'image/png, image/jpeg' };
      const response = await api.send(picturePath(picture), { headers, signal: closed.signal });
      if (!response.ok) throw await problemOf(response);
      const blob = await response.blob();
      if (closed.signal.aborted) return;
      made = URL.createObjectURL(blob);
      setAddress(made);
    };
    ask().catch(() => !closed.signal.aborted && setAddress('failed'));
    return () => {
      closed.abort();
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, []);
  if (address !== null && address !== 'failed')
    return <img src={address} alt={alt} onError={() => setAddress('failed')} />;
  return (
    <p class="picture-said small" role="status">
      {address === 'failed' ? words.missing : late && words.loading}
    </p>
  );
}
