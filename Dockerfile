# The program in a small image, as a user who is not root. The folder /data is where it works:
#   docker build -t rcx .
#   docker run --rm -v "$PWD:/data" rcx run shop.csv -o out
FROM debian:bookworm-slim AS build
WORKDIR /source
COPY . .
RUN scripts/setup \
    && cmake --preset release -B build/image -DRCX_TESTS=OFF \
    && cmake --build build/image --target rcx rcx_manual \
    && cmake --install build/image --prefix /install --strip

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libexpat1 libgomp1 libjansson4 liblz4-1 \
        libsnappy1v5 libxxhash0 libyaml-0-2 libzip4 libzstd1 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home rcx
COPY --from=build /install /usr/local
USER rcx
WORKDIR /data
ENTRYPOINT ["rcx"]
CMD ["help"]
