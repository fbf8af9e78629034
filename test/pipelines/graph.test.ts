import test from 'ava';
import fc from 'fast-check';
import {
  diffGraphs,
  parseDot,
  withinBin,
  type Graph,
  type GraphElement,
} from '../../src/gst/graph.js';

/** As GStreamer writes it, shortened. */
const DOT = String.raw`digraph pipeline {
  label="<GstPipeline>\npipeline0\n[>]";
  legend [
    label="Legend\lElement-States",
  ];
  subgraph cluster_viewer_0x1 {
    label="GstBin\nviewer\n[>]";
    subgraph cluster_viewer_0x1_sink {
      label="";
      viewer_0x1_video_0x2 [color=black, label="video\n[>]"];
      viewer_0x1_proxy_0x3 [color=black, label="proxypad0\n[>]"];
    viewer_0x1_video_0x2 -> viewer_0x1_proxy_0x3 [style=dashed, minlen=0]
    }
    subgraph cluster_queue_0x4 {
      label="GstQueue\nvideo-queue\n[>]";
      subgraph cluster_queue_0x4_sink {
        label="";
        queue_0x4_sink_0x5 [color=black, label="sink\n[>]"];
      }
      subgraph cluster_queue_0x4_src {
        label="";
        queue_0x4_src_0x6 [color=black, label="src\n[>]"];
      }
      queue_0x4_sink_0x5 -> queue_0x4_src_0x6 [style="invis"];
    }
    viewer_0x1_proxy_0x3 -> queue_0x4_sink_0x5 [label="ANY"]
    subgraph cluster_webrtc_0x7 {
      label="GstWebRTCBin\nwebrtc\n[>]";
      subgraph cluster_webrtc_0x7_sink {
        label="";
        webrtc_0x7_sink_0_0x8 [color=black, label="sink_0\n[>]"];
      }
      subgraph cluster_rtpbin_0x9 {
        label="GstRtpBin\nrtpbin\n[>]";
        rtpbin_0x9_sink_0xa [color=black, label="sink\n[>]"];
      }
      webrtc_0x7_sink_0_0x8 -> rtpbin_0x9_sink_0xa [label="ANY"]
    }
    queue_0x4_src_0x6 -> webrtc_0x7_sink_0_0x8 [label="ANY"]
  }
  subgraph cluster_tee_0xb {
    label="GstTee\nvideo-tee\n[>]";
    tee_0xb_src_0xc [color=black, label="src_0\n[>]"];
  }
  tee_0xb_src_0xc -> viewer_0x1_video_0x2 [label="application/x-rtp\l"]
}
// properties ["viewer/video-queue",{"leaky":"2"}]
// properties nonsense
`;

test('elements, links through ghost pads and properties are read from DOT', (t) => {
  const graph = parseDot(DOT);
  t.deepEqual(
    graph.elements.map(({ path, type }) => `${path} ${type}`),
    [
      'viewer GstBin',
      'viewer/video-queue GstQueue',
      'viewer/webrtc GstWebRTCBin',
      'viewer/webrtc/rtpbin GstRtpBin',
      'video-tee GstTee',
    ],
  );
  t.deepEqual(graph.links.map(([from, to]) => `${from} ${to}`).sort(), [
    'video-tee viewer/video-queue',
    'viewer/video-queue viewer/webrtc',
    'viewer/webrtc viewer/webrtc/rtpbin',
  ]);
  const own = withinBin(graph, 'viewer');
  t.deepEqual(own.links, [['video-queue', 'webrtc']]);
  t.deepEqual(own.elements[0]?.properties, { leaky: '2' });
});

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;
const element = (name: string): fc.Arbitrary<GraphElement> =>
  fc
    .record({
      type: fc.constantFrom('GstQueue', 'GstTee'),
      properties: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2')),
    })
    .map((rest) => ({ name, path: name, parent: '', ...rest }));
const graphs: fc.Arbitrary<Graph> = fc
  .tuple(...NAMES.map((name) => fc.option(element(name))))
  .chain((options) => {
    const elements = options.filter((each) => each !== null);
    const names = elements.map(({ name }) => name);
    const link =
      names.length === 0 ? [] : [fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names))];
    return fc.record({
      elements: fc.constant(elements),
      links: link[0] ? fc.array(link[0], { maxLength: 4 }) : fc.constant([]),
    });
  });

test('a graph differs from itself in nothing, in whatever order it comes', (t) => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const turned = { elements: [...graph.elements].reverse(), links: [...graph.links].reverse() };
      return diffGraphs(graph, turned).length === 0;
    }),
    { seed: 14, numRuns: 500 },
  );
  t.pass();
});

test('what is missing one way is added the other way', (t) => {
  const mirror = { missing: 'added', added: 'missing', 'missing link': 'added link' } as const;
  fc.assert(
    fc.property(graphs, graphs, (a, b) => {
      const there = diffGraphs(a, b);
      const back = diffGraphs(b, a);
      return Object.entries(mirror).every(([kind, other]) => {
        const texts = (all: typeof there, wanted: string): string =>
          all
            .filter((each) => each.kind === wanted)
            .map(({ text }) => text)
            .sort()
            .join('\n');
        return texts(there, kind) === texts(back, other);
      });
    }),
    { seed: 15, numRuns: 500 },
  );
  t.pass();
});

test('a property, a link and an element that are otherwise are each told', (t) => {
  const a = withinBin(parseDot(DOT), 'viewer');
  const changed: Graph = {
    elements: a.elements
      .filter(({ name }) => name !== 'webrtc')
      .map((each) => ({ ...each, properties: { leaky: '0' } })),
    links: [],
  };
  t.deepEqual(
    diffGraphs(a, changed).map(({ kind, text }) => `${kind}: ${text}`),
    [
      'property: video-queue leaky: 0 instead of 2',
      'missing: webrtc, a GstWebRTCBin',
      'missing link: video-queue → webrtc',
    ],
  );
});

test('any text is read', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...DOT.split('\n'))), (lines) => {
      const { elements } = parseDot(lines.join('\n'));
      return elements.every(({ path, name }) => path.endsWith(name));
    }),
    { seed: 16, numRuns: 500 },
  );
  t.pass();
});
