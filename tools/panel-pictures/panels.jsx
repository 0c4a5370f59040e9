// Runs in the browser: draws one row of a dashboard with the components that Grafana itself draws it with.
import {
  createTheme,
  dateTime,
  FieldType,
  getDisplayProcessor,
  getFieldDisplayName,
  getLinksSupplier,
  reduceField,
  standardTransformers,
  standardTransformersRegistry,
  ThemeContext,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, PanelContextProvider, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { createRoot } from 'react-dom/client';
import { firstValueFrom } from 'rxjs';

const theme = createTheme({ colors: { mode: 'dark' } });
const timeZone = 'utc';

// As Grafana lays panels out: 24 columns, 30 px high, 8 px between.
const columns = 24;
const cellHeight = 30;
const gap = 8;

standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(standardTransformers).map((one) => [one.id, one])).values()].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation: async () => transformation,
  })),
);

/** Draws panels with their answers; resolves when React has painted. `from` and `to` are Unix milliseconds. */
window.drawRow = async (panels, { width, from, to }) => {
  const top = Math.min(...panels.map(({ gridPos }) => gridPos.y));
  const prepared = await Promise.all(panels.map(prepare));
  const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const row = document.getElementById('row');
  row.style.width = `${width}px`;
  row.style.height = `${(bottom - top) * (cellHeight + gap)}px`;
  row.style.background = theme.colors.background.canvas;
  document.body.style.background = theme.colors.background.canvas;
  createRoot(row).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{ eventsScope: 'row', eventBus: silentBus, sync: () => 0 }}>
        {prepared.map((panel) => (
          <Placed key={panel.id} panel={panel} top={top} rowWidth={width} timeRange={toTimeRange(from, to)} />
        ))}
      </PanelContextProvider>
    </ThemeContext.Provider>,
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
};

const silentBus = {
  publish() {},
  getStream: () => ({
    subscribe: () => ({ unsubscribe() {} }),
    pipe: () => ({ subscribe: () => ({ unsubscribe() {} }) }),
  }),
  subscribe: () => ({ unsubscribe() {} }),
  removeAllListeners() {},
  newScopedBus: () => silentBus,
};

function toTimeRange(from, to) {
  return { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
}

function Placed({ panel, top, rowWidth, timeRange }) {
  const { x, y, w, h } = panel.gridPos;
  const cell = (rowWidth + gap) / columns;
  const style = { position: 'absolute', left: x * cell, top: (y - top) * (cellHeight + gap) };
  return (
    <div style={style}>
      <PanelChrome
        title={panel.title}
        description={panel.description}
        width={w * cell - gap}
        height={h * (cellHeight + gap) - gap}
        padding={panel.type === 'table' ? 'none' : 'md'}
      >
        {(width, height) => <Content panel={panel} width={width} height={height} timeRange={timeRange} />}
      </PanelChrome>
    </div>
  );
}

function Content({ panel, width, height, timeRange }) {
  const { type, frames, options } = panel;
  if (frames.length === 0 || frames.every((frame) => frame.length === 0)) {
    return <div style={{ height, display: 'grid', placeItems: 'center' }}>{panel.fieldConfig.defaults.noValue}</div>;
  }
  if (type === 'table') return <TableNG data={frames[0]} width={width} height={height} sortBy={options.sortBy} />;
  if (type === 'stat') return <Stat panel={panel} width={width} height={height} />;
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      width={width}
      height={height}
      timeRange={timeRange}
      timeZone={timeZone}
      legend={options.legend}
      options={options}
    />
  );
}

function Stat({ panel, width, height }) {
  const field = panel.frames[0].fields[1];
  const { lastNotNull } = reduceField({ field, reducers: ['lastNotNull'] });
  const sparkline = panel.options.graphMode === 'area' ? { y: field, x: panel.frames[0].fields[0] } : undefined;
  return (
    <BigValue
      theme={theme}
      width={width}
      height={height}
      value={field.display(lastNotNull)}
      sparkline={sparkline}
      colorMode={panel.options.colorMode}
      graphMode={panel.options.graphMode}
      justifyMode="auto"
      textMode="value"
    />
  );
}

/** Frames as Grafana makes them of a Prometheus answer, with the panel's field configuration on them. */
async function prepare(panel) {
  const frames = panel.answers.flatMap(({ refId, legend, series }) =>
    panel.type === 'table' ? [toTable(refId, series)] : series.map((one) => toFrame(refId, legend, one)),
  );
  const shown = panel.type === 'table' ? await transform(frames, panel.transformations) : frames;
  let index = 0;
  for (const frame of shown) {
    for (const field of frame.fields) configure(field, frame, shown, panel, index);
    if (frame.fields.some(({ type }) => type === FieldType.number)) index++;
  }
  return { ...panel, frames: shown };
}

function toFrame(refId, legend, { labels, values }) {
  const name = legend.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? '');
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([seconds]) => seconds * 1000) },
      {
        name: 'Value',
        type: FieldType.number,
        labels,
        config: { displayNameFromDS: name },
        values: values.map(([, value]) => Number(value)),
      },
    ],
  });
}

function toTable(refId, series) {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.labels)))];
  return toDataFrame({
    refId,
    fields: [
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: series.map((one) => one.labels[label]),
      })),
      { name: `Value #${refId}`, type: FieldType.number, values: series.map(({ values }) => Number(values[0][1])) },
    ],
  });
}

async function transform(frames, transformations) {
  return firstValueFrom(transformDataFrame(transformations, frames));
}

function configure(field, frame, frames, { fieldConfig }, index) {
  const { defaults, overrides = [] } = fieldConfig;
  const isNumber = field.type === FieldType.number;
  field.config = {
    ...(isNumber ? { ...defaults, color: defaults.color ?? { mode: 'palette-classic' } } : {}),
    ...field.config,
    custom: { ...defaults.custom, ...field.config.custom },
  };
  const { min, max } = isNumber ? reduceField({ field, reducers: ['min', 'max'] }) : { min: 0, max: 0 };
  field.state = { ...field.state, seriesIndex: index, range: { min, max, delta: max - min } };
  const name = getFieldDisplayName(field, frame, frames);
  for (const { matcher, properties } of overrides) {
    if (!isNumber || !matches(matcher, name)) continue;
    for (const { id, value } of properties) {
      if (id.startsWith('custom.')) field.config.custom[id.slice('custom.'.length)] = value;
      else field.config[id] = value;
    }
  }
  field.display = getDisplayProcessor({ field, theme, timeZone });
  field.getLinks = getLinksSupplier(frame, field, {}, (text) => text);
}

function matches({ id, options }, name) {
  if (id === 'byName') return options === name;
  return new RegExp(options.slice(1, -1)).test(name);
}
