// node web_serve.mjs [FOLDER [PORT]]: serve FOLDER (build/web) on localhost, at the first
// free port from PORT (8000) on.
//
// Requests for ranges are answered as RFC 9110 section 14 says, so that images in
// the folder can be opened by their addresses.  Nothing outside of the folder is
// served, links that lead there neither.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const PORTS = 20; // that are tried
const TYPES = {
	".css": "text/css", ".html": "text/html", ".js": "text/javascript",
	".json": "application/json", ".mjs": "text/javascript", ".svg": "image/svg+xml",
	".ts": "text/plain", ".wasm": "application/wasm",
};

// The only range that is asked for as [first, last], undefined for all of it, or null
// where it cannot be had.  Several at once may be answered by all of it.
function rangeOf(header, size) {
	const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");

	if (found === null || (found[1] === "" && found[2] === ""))
		return undefined;
	const [from, to] = found.slice(1);
	const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
	const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
	return first <= last ? [first, last] : null;
}

function refuse(response, status, headers = {}) {
	response.writeHead(status, { "Content-Type": "text/plain", ...headers });
	response.end(http.STATUS_CODES[status] + "\n");
}

function sendFile(request, response, file, status) {
	const range = rangeOf(request.headers.range, status.size);
	const headers = {
		"Accept-Ranges": "bytes",
		"Cache-Control": "no-cache",
		"Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream",
	};

	if (range === null) {
		refuse(response, 416, { "Content-Range": `bytes */${status.size}` });
		return;
	}
	const [start, end] = range ?? [0, status.size - 1];
	headers["Content-Length"] = end - start + 1;
	if (range !== undefined)
		headers["Content-Range"] = `bytes ${start}-${end}/${status.size}`;
	response.writeHead(range === undefined ? 200 : 206, headers);
	if (request.method === "HEAD" || end < start) {
		response.end();
		return;
	}
	fs.createReadStream(file, { start, end }).on("error", () => response.destroy())
		.pipe(response);
}

// The file that is asked for, or undefined.
function find(root, url) {
	let file;

	try {
		const wanted = decodeURIComponent(new URL(url, "http://localhost").pathname);

		file = fs.realpathSync(path.join(root, wanted));
		if (fs.statSync(file).isDirectory())
			file = fs.realpathSync(path.join(file, "index.html"));
	} catch {
		return undefined; // not there, or no path at all
	}
	return file.startsWith(root + path.sep) ? file : undefined;
}

// A function for http.createServer() that serves the folder root.
export function fileHandler(root) {
	const realRoot = fs.realpathSync(root);

	return (request, response) => {
		const { pathname, search } = new URL(request.url, "http://localhost");

		if (request.method !== "GET" && request.method !== "HEAD") {
			refuse(response, 405, { Allow: "GET, HEAD" });
			return;
		}
		if (pathname === "/") {
			refuse(response, 302, { Location: `/page/${search}` });
			return;
		}
		const file = find(realRoot, request.url);
		const status = file === undefined ? undefined : fs.statSync(file);

		if (status === undefined || !status.isFile())
			refuse(response, 404);
		else
			sendFile(request, response, file, status);
	};
}

function listen(server, port, left) {
	server.once("error", (error) => {
		if (error.code !== "EADDRINUSE" || left === 0) {
			console.error(error.code !== "EADDRINUSE" ? `web_serve: port ${port}: ${error.message}` :
				`web_serve: the ports ${port - PORTS} to ${port} are in use; choose another: ` +
				"make web-serve PORT=9000");
			process.exit(1);
		}
		listen(server, port + 1, left - 1);
	});
	server.listen(port, "localhost");
}

function main() {
	const [root = "build/web", port = "8000"] = process.argv.slice(2);

	if (!fs.existsSync(path.join(root, "page/index.html"))) {
		console.error(`web_serve: there is no page in ${root}; make web makes it`);
		process.exit(1);
	}
	if (!/^\d{1,5}$/.test(port) || Number(port) > 65535 - PORTS) {
		console.error(`web_serve: ${port} is no port; a number from 0 to ${65535 - PORTS}, please`);
		process.exit(1);
	}
	const server = http.createServer(fileHandler(root));
	server.on("listening", () => console.log(`http://localhost:${server.address().port}/ ` +
		"serves the page; Ctrl-C ends"));
	listen(server, Number(port), PORTS);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	main();
