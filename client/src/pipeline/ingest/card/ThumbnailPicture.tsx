/**
 * A small picture of a series, requested when it scrolls into view. It is decoration, because the text next to it
 * names the series. So while names are hidden, a picture that may show a name is simply not drawn.
 */
import { useEffect, useRef } from 'preact/hooks';
import { useSession } from '../../../net/net-context.ts';
import { hidingOf } from '../../../viewer/hidden-pictures.ts';
import { useIngest } from '../found/ingest-context.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { Icon } from '../../../kit/Icon.tsx';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { FoundSeries, PlacedPicture } from '../found/found-study.ts';
import { useAsSent } from './use-as-sent.ts';

type ThumbnailPictureProps = { readonly series: Pick<FoundSeries, 'seriesInstanceUID' | 'thumbnail'> };

export function ThumbnailPicture({ series }: ThumbnailPictureProps) {
  const ingest = useIngest();
  const person = useSession().user.value;
  const box = useRef<HTMLSpanElement>(null);
  const thumbnail = series.thumbnail.value;
  useEffect(() => {
    if (thumbnail !== undefined) return;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      ingest.showThumbnail(series.seriesInstanceUID);
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [series.seriesInstanceUID, thumbnail === undefined]);
  return (
    <span ref={box} class="thumbnail">
      {typeof thumbnail === 'string' && thumbnail !== 'making' ? (
        <span class="thumbnail-none">{chosenWords.noPicture[thumbnail]}</span>
      ) : typeof thumbnail === 'object' && hidingOf(person, { ...thumbnail, isOwn: true }) === 'shown' ? (
        <Covered picture={thumbnail} />
      ) : (
        thumbnail !== undefined && <Icon name="files" />
      )}
    </span>
  );
}

function Covered({ picture }: { readonly picture: PlacedPicture }) {
  return <Picture thumbnail={useAsSent(picture, picture) ?? picture} />;
}

export function Picture({ thumbnail }: { readonly thumbnail: Thumbnail }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const target = canvas.current!;
    target.width = thumbnail.width;
    target.height = thumbnail.height;
    target
      .getContext('2d')
      ?.putImageData(
        new ImageData(new Uint8ClampedArray(thumbnail.rgba), thumbnail.width, thumbnail.height),
        0,
        0,
      );
  }, [thumbnail]);
  return <canvas ref={canvas} width={1} height={1} />;
}
