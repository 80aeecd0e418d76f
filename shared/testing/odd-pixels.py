"""Writes instances of every form that pixels have, with values that give mistakes away: noise, odd sizes, rubbish in unused bits; for decode-corpus.test.ts.

Usage: odd-pixels.py FOLDER      Uses pydicom, Pillow (JPEG 2000) and dcmtk (JPEG, JPEG-LS).
"""
import io
import os
import subprocess
import sys
import warnings

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixel_data_handlers.rle_handler import rle_encode_frame
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid

warnings.simplefilter('ignore')
OUT = sys.argv[1]
ROWS, COLUMNS = 61, 47
JPEG_2000 = '1.2.840.10008.1.2.4.'
random = np.random.default_rng(7)


def scene(most, least=0, columns=COLUMNS):
    """Waves with noise, from `least` to `most`."""
    y, x = np.mgrid[0:ROWS, 0:columns]
    value = 0.5 + 0.3 * np.sin(x / 7) * np.cos(y / 9) + 0.2 * (x / columns - 0.5) + random.normal(0, .02, (ROWS, columns))
    return np.round(least + (most - least) * np.clip(value, 0, 1))


def bits(allocated, stored, high=None, signed=0):
    return dict(BitsAllocated=allocated, BitsStored=stored, HighBit=stored - 1 if high is None else high, PixelRepresentation=signed)


def instance(syntax=ExplicitVRLittleEndian, columns=COLUMNS, **more):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = '1.2.840.10008.5.1.4.1.1.7', generate_uid(), syntax
    ds = FileDataset(None, {}, file_meta=meta, preamble=b'\0' * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = generate_uid(), generate_uid(), 'DX'
    plain = dict(Rows=ROWS, Columns=columns, SamplesPerPixel=1, PhotometricInterpretation='MONOCHROME2', **bits(16, 16))
    for keyword, value in {**plain, **more}.items():
        setattr(ds, keyword, value)
    ds.is_little_endian, ds.is_implicit_VR = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    return ds


def colour(interpretation, planar=0, depth=8):
    return dict(SamplesPerPixel=3, PhotometricInterpretation=interpretation, PlanarConfiguration=planar, **bits(depth, depth))


def save(name, ds):
    ds.save_as(os.path.join(OUT, name + '.dcm'), write_like_original=True)


def native(name, ds, array, vr=None):
    data = array.astype(array.dtype.newbyteorder('<' if ds.is_little_endian else '>')).tobytes()
    data += b'\0' * (len(data) % 2)
    if vr == 'OW' and not ds.is_little_endian and ds.BitsAllocated == 8:
        data = np.frombuffer(data, 'u1').reshape(-1, 2)[:, ::-1].tobytes()
    ds.PixelData = data
    ds['PixelData'].VR = vr or ('OW' if ds.BitsAllocated > 8 else 'OB')
    save(name, ds)


def encapsulated(name, ds, frames, table=False, fragments=1):
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    ds.PixelData = encapsulate([frame + b'\0' * (len(frame) % 2) for frame in frames], fragments_per_frame=fragments, has_bot=table)
    ds['PixelData'].VR, ds['PixelData'].is_undefined_length = 'OB', True
    save(name, ds)


def rubbish(array, first, count):
    """`count` bits from bit `first` on hold anything."""
    return array.astype('u%d' % array.dtype.itemsize) | (random.integers(0, 1 << count, array.shape).astype('u%d' % array.dtype.itemsize) << first)


U8, U12, U16 = scene(255).astype('u1'), scene(4095).astype('u2'), scene(65535).astype('u2')
S12 = scene(2047, -2048).astype('i2')
COLOURS = np.stack([scene(255), scene(200), scene(100)], 2).astype('u1')
S12_RUBBISH = rubbish(S12.astype('u2') & 0xfff, 12, 4)

for syntax, end in ((ExplicitVRLittleEndian, 'explicit'), (ImplicitVRLittleEndian, 'implicit'), (ExplicitVRBigEndian, 'big')):
    native('u16-' + end, instance(syntax), U16)
    native('u12-' + end, instance(syntax, **bits(16, 12)), rubbish(U12, 12, 4))
    native('u10-at-11-' + end, instance(syntax, **bits(16, 10, 11)), rubbish(rubbish(scene(1023).astype('u2') << 2, 12, 4), 0, 2))
    native('s12-' + end, instance(syntax, **bits(16, 12, None, 1)), S12_RUBBISH)
    native('u8-' + end, instance(syntax, **bits(8, 8)), U8)
    native('u8-words-' + end, instance(syntax, 46, **bits(8, 8)), scene(255, columns=46).astype('u1'), 'OW')
    native('s8-' + end, instance(syntax, **bits(8, 8, None, 1)), scene(127, -128).astype('i1'))
    native('u6-' + end, instance(syntax, **bits(8, 6)), rubbish(scene(63).astype('u1'), 6, 2))
    native('u24-' + end, instance(syntax, **bits(32, 24)), scene(2 ** 24 - 1).astype('u4'))
    native('s32-' + end, instance(syntax, **bits(32, 32, None, 1)), scene(2e9, -2e9).astype('i4'))
    native('rgb16-' + end, instance(syntax, **colour('RGB', 0, 16)), np.stack([U16, U16[::-1], U16[:, ::-1]], 2))
    for space in ('RGB', 'YBR_FULL'):
        native('%s-%s' % (space, end), instance(syntax, **colour(space)), COLOURS)
        native('%s-planes-%s' % (space, end), instance(syntax, **colour(space, 1)), COLOURS.transpose(2, 0, 1))

for interpretation in ('MONOCHROME1', 'MONOCHROME2'):
    for function in (None, 'LINEAR', 'LINEAR_EXACT', 'SIGMOID'):
        for signed in (0, 1):
            for slope, intercept in ((1, 0), (.25, -700.5), (-2, 4000)):
                ds = instance(**bits(16, 12, None, signed), PhotometricInterpretation=interpretation, RescaleSlope=str(slope), RescaleIntercept=str(intercept))
                ds.WindowCenter, ds.WindowWidth = '%.4f' % ((0 if signed else 2000) * slope + intercept), '%.4f' % (abs(slope) * 1800.5)
                if function:
                    ds.VOILUTFunction = function
                native('window-%s-%s-%d-%s' % (interpretation, function, signed, slope), ds, S12 if signed else U12)

for name, center, width in (('several', ['1000', '2000'], ['800', '90']), ('of-1', '1000', '1'), ('of-0', '1000', '0'), ('below-0', '-5', '-10'), ('spaced', ' +1.0E3 ', ' 1500.0 ')):
    native('window-' + name, instance(**bits(16, 12), WindowCenter=center, WindowWidth=width), U12)
native('padded', instance(**bits(16, 12), PixelPaddingValue=0), np.where(np.arange(ROWS)[:, None] < 9, 0, U12).astype('u2'))


def ramp(count, most):
    return (np.linspace(0, 1, count) ** .5 * most).astype(int)


def table(first, entries, depth, vr='US', data_vr='OW'):
    item = Dataset()
    item.add_new(0x00283002, vr, [len(entries) & 0xffff, first, depth])
    item.add_new(0x00283006, data_vr, [int(entry) for entry in entries] if data_vr == 'US' else entries.astype('<u2').tobytes())
    return Sequence([item])


TABLES = {
    'modality': (U12, dict(ModalityLUTSequence=table(300, ramp(3000, 4095), 16))),
    'modality-signed': (S12, dict(ModalityLUTSequence=table(-300, ramp(3000, 4095), 16, 'SS'), PixelRepresentation=1)),
    'modality-then-voi': (U12, dict(ModalityLUTSequence=table(0, ramp(4096, 1000), 16), VOILUTSequence=table(100, ramp(700, 65535), 16))),
    'voi-numbers': (U12, dict(VOILUTSequence=table(100, ramp(700, 1023), 10, 'US', 'US'))),
    'voi-before-window': (U12, dict(VOILUTSequence=table(0, ramp(4096, 4095), 12), WindowCenter='700', WindowWidth='300')),
    'voi-signed': (S12, dict(VOILUTSequence=table(-300, ramp(3000, 4095), 12, 'SS'), PixelRepresentation=1)),
    'voi-rescaled': (U12, dict(VOILUTSequence=table(-500, ramp(3000, 4095), 12, 'SS'), RescaleSlope='0.75', RescaleIntercept='-1024')),
    'voi-inverted': (U12, dict(VOILUTSequence=table(0, ramp(4096, 16383), 14), PhotometricInterpretation='MONOCHROME1')),
    'voi-whole': (U16, dict(VOILUTSequence=table(0, ramp(65536, 65535), 16), BitsStored=16, HighBit=15)),
}
for name, (pixels, more) in TABLES.items():
    native('table-' + name, instance(**{**bits(16, 12), **more}), pixels)

for name, depth, count, first, pixels in (('16', 16, 256, 0, U8), ('16-part', 16, 100, 60, U8), ('8', 8, 256, 0, U8), ('16-of-16', 16, 65536, 0, U16), ('segments', 16, 256, 0, U8)):
    ds = instance(**bits(8 * pixels.itemsize, 8 * pixels.itemsize), PhotometricInterpretation='PALETTE COLOR')
    for which, power in enumerate((1, 2, .5)):
        entries = (np.linspace(0, 1, count) ** power * (2 ** depth - 1)).astype('<u%d' % (depth // 8))
        ds.add_new(0x00281101 + which, 'US', [count & 0xffff, first, depth])
        segments = np.array([0, 2, entries[0], entries[1], 1, count - 2, entries[-1]]).astype('<u2')
        ds.add_new((0x00281221 if name == 'segments' else 0x00281201) + which, 'OW', (segments if name == 'segments' else entries).tobytes())
    native('palette-' + name, ds, pixels)

Y, B, R = (scene(most, columns=46).astype('u1') for most in (255, 200, 180))
native('ybr-422', instance(columns=46, **colour('YBR_FULL_422')), np.stack([Y[:, 0::2], Y[:, 1::2], B[:, ::2], R[:, ::2]], 2))
native('frames-planes', instance(NumberOfFrames=3, **colour('RGB', 1)), np.stack([COLOURS.transpose(2, 0, 1)] * 3))
native('frames', instance(NumberOfFrames=3, **bits(8, 8)), np.stack([U8, U8[::-1], U8[:, ::-1]]))

for name, arrays, more in (('u16', [U16], {}), ('u12', [rubbish(U12, 12, 4)], bits(16, 12)), ('s12', [S12], bits(16, 12, None, 1)), ('u32', [scene(4e9).astype('u4')], bits(32, 32)),
                           ('frames', [U8, U8[::-1], U8[:, ::-1]], bits(8, 8)), ('rgb', [COLOURS], colour('RGB')), ('rgb-planes', [COLOURS], colour('RGB', 1)), ('ybr', [COLOURS], colour('YBR_FULL'))):
    encapsulated('rle-' + name, instance(RLELossless, **more), [rle_encode_frame(np.ascontiguousarray(array)) for array in arrays])


def wavelet(array, **options):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(out, 'JPEG2000', no_jp2=True, **options)
    return out.getvalue()


for name, arrays, syntax, more, options in (
        ('u8', [U8], '90', bits(8, 8), {}), ('u16', [U16], '90', {}, {}), ('u12', [rubbish(U12, 12, 4)], '90', bits(16, 12), {}), ('tiles', [U8], '90', bits(8, 8), dict(tile_size=(32, 32))),
        ('frames', [U8, U8[::-1], U8[:, ::-1]], '90', bits(8, 8), {}), ('rgb', [COLOURS], '90', colour('RGB'), dict(mct=0)), ('rct', [COLOURS], '90', colour('YBR_RCT'), dict(mct=1)),
        ('ict', [COLOURS], '91', colour('YBR_ICT'), dict(mct=1, irreversible=True))):
    encapsulated('j2k-' + name, instance(JPEG_2000 + syntax, **more), [wavelet(array, **options) for array in arrays])


def coded(tool, source, name, *options):
    """By dcmtk; what it does not code is left out."""
    paths = [os.path.join(OUT, file + '.dcm') for file in (source, name)]
    if subprocess.run([tool, *options, *paths], capture_output=True).returncode != 0 and os.path.exists(paths[1]):
        os.remove(paths[1])


for source in ('u8-explicit', 'u12-explicit', 's12-explicit', 'u6-explicit', 'RGB-planes-explicit', 'frames'):
    for option in ('+e1', '+el'):
        coded('dcmcjpeg', source, 'jpeg%s-%s' % (option, source), option)
    for option in ('+il', '+is', '+in'):
        coded('dcmcjpls', source, 'jls%s-%s' % (option, source), '+el', option)
for predictor in '234567':
    coded('dcmcjpeg', 'u12-explicit', 'jpeg-predictor-' + predictor, '+el', '+sv', predictor)
for source in ('u8-explicit', 'RGB-explicit', 'frames'):
    for process in ('+eb', '+es', '+ep'):
        for colours in (('+cr',), ('+cy', '+s4'), ('+cy', '+s2')):
            coded('dcmcjpeg', source, 'jpeg%s%s-%s' % (process, ''.join(colours), source), process, *colours)
